"""Source code becomes tokens that do not depend on the names in it, in windows of one file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name

from seqtransfer.corpora.converters import code
from seqtransfer.corpora.converters.code import Options
from seqtransfer.corpora.symbol_tables import read_symbols

SOURCE = '''"""Says."""
# a comment
def {name}({other}, n=3):
    if {other} not in (1.5, "text"):
        return len({other}) + n
'''


def symbols(text, language="python"):
    return code.symbols(text, get_lexer_by_name(language))


def test_names_and_literals_are_kinds_and_all_else_stands_as_it_is():
    assert " ".join(symbols(SOURCE.format(name="f", other="x"))) == (
        "String Newline"
        " def Name.Function ( Name , Name = Literal.Number.Integer ) : Newline"
        " if Name not in ( Literal.Number.Float , String ) : Newline"
        " return len ( Name ) + Name Newline"
    )
    assert symbols('f"a\\n{x}"')[:1] == ["String"]
    hidden = " ".join(symbols("<p>Words of mine</p><?php $x = 1; ?>", "php"))
    assert "mine" not in hidden and "Words" not in hidden
    assert symbols("int f(void) { return 0; }", "c")[:3] == ["int", "Name.Function", "("]


@given(st.from_regex(r"[a-z]_[a-z]{1,8}", fullmatch=True))
def test_the_names_do_not_matter(name):
    first, second = (SOURCE.format(name=n, other=f"{n}_2") for n in (name, "q_q"))
    assert symbols(first) == symbols(second)


def test_windows_of_a_file_are_a_group_and_a_short_rest_is_dropped(tmp_path):
    for label, count in (("one", 5), ("two", 2)):
        path = tmp_path / label / "deep" / "a.py"
        path.parent.mkdir(parents=True)
        path.write_text("x = 1\n" * count)  # four tokens a line
    options = Options(files={"one": "one/**/*.py", "two": "two/**/*.py"}, window=8)
    code.convert(tmp_path, tmp_path / "out.symbols", options)
    found = read_symbols(tmp_path / "out.symbols")
    assert [(e.label, e.group) for e in found] == [
        ("one", "one/deep/a.py"), ("one", "one/deep/a.py"), ("two", "two/deep/a.py")
    ]  # fmt: skip
    line = ("Name", "=", "Literal.Number.Integer", "Newline")
    assert {e.symbols for e in found} == {line * 2}


def test_files_that_are_all_too_short_are_named_with_their_window(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match="no file of 'one' has a window of 9 tokens; lower"):
        code.convert(tmp_path, tmp_path / "out.symbols", Options({"one": "*.py"}, window=9))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.unheard", b"x", r"a\.unheard: Pygments knows no language"),
        ("a.py", b"x = '\xff'", r"a\.py: byte 0xff is no text"),
        ("a.txt", b"x", r"no file matches '\*\*/\*\.\[pu\]\*', the files of 'one'"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        code.convert(tmp_path, tmp_path / "out.symbols", Options({"one": "**/*.[pu]*"}, window=2))
    assert not (tmp_path / "out.symbols").exists()


def test_a_pattern_means_files_of_the_top_folder_first(tmp_path):
    for name in ("app/a.py", "lib/b.py", "app/lib/c.py", "old/app/d.py"):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n" * 9)

    def labels(folder, **files):
        made = code.windows(folder, Options(files=files, window=5))
        return {(example.group, example.label) for example in made}

    source = tmp_path / "src"
    plain = {("app/a.py", "app"), ("lib/b.py", "lib")}
    assert labels(source, app="app/*.py", lib="lib/*.py") == plain
    deep = plain | {("app/lib/c.py", "app")}
    assert labels(source, app="app/**/*.py", lib="lib/**/*.py") == deep
    below = {(f"src/{name}", label) for name, label in plain}  # as an archive with a top folder
    assert labels(tmp_path, app="src/app/*.py", lib="src/lib/*.py") == below
    assert labels(tmp_path, lib="lib/*.py") == {
        ("src/lib/b.py", "lib"), ("src/app/lib/c.py", "lib")
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"c\.py: is among the files of 'app' and of 'all'"):
        labels(source, app="app/**/*.py", all="app/lib/*.py")


PERL, PROLOG = "my $x = 1;\n", "f(X) :- g(X).\n"
MATLAB, OBJECTIVE_C = "% says\nfunction y = f(x)\n", "@interface A : B\n@end\n"


@pytest.mark.parametrize(
    ("texts", "name", "language"),
    [
        ((PERL,), "pl", "Perl"),
        ((PROLOG,), "pl", "Prolog"),
        ((MATLAB,), "m", "Matlab"),
        ((OBJECTIVE_C,), "m", "Objective-C"),
        (("int f(void);\n",), "h", "C"),  # no language fits the text better than another
        # `x = 1` is all that it says, and it lies beside files of Perl, of which one has a smiley.
        (("$x = 1;\n", PERL, PERL, PERL, f"{PERL}# :-)\n"), "pl", "Perl"),
    ],
)
def test_a_folder_is_read_as_the_language_of_its_texts(tmp_path, capsys, texts, name, language):
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.{name}").write_text(text * 9)
    found = list(code.windows(tmp_path, Options({"one": f"*.{name}"}, window=2)))
    assert {example.group for example in found} == {f"{i}.{name}" for i in range(len(texts))}
    said = f"files of 'one', by the language they were read as: {{{language!r}: {len(texts)}}}"
    assert said in capsys.readouterr().out
    own = symbols(texts[0] * 9, language.lower().replace("-", ""))
    assert found[0].symbols == tuple(own[:2])


def test_folders_of_two_languages_are_told_apart_and_so_are_names_that_say_theirs(tmp_path, capsys):
    for path, text in (
        ("one/a.pl", PERL), ("two/a.pl", PROLOG), ("two/b.txt", "words\n"),
        ("two/CMakeLists.txt", "set(A 1)\n"),
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text * 9)
    files = {"one": "one/*", "two": "two/*.pl", "three": "two/*.txt"}
    list(code.windows(tmp_path, Options(files, window=1)))
    said = capsys.readouterr().out
    for label, languages in (
        ("one", {"Perl": 1}), ("two", {"Prolog": 1}), ("three", {"CMake": 1, "Text only": 1})
    ):  # fmt: skip
        assert f"files of {label!r}, by the language they were read as: {languages}" in said
