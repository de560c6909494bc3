"""A study file has only the keys that differ; the defaults lie below."""

import pytest

from seqtransfer.study import defaults


@pytest.fixture
def files(tmp_path):
    texts = ("a: {x: 1, y: [1, 2]}\nb: 1", "a: {x: 2}\nc: {z: 1}")
    paths = [tmp_path / name for name in ("first.yaml", "second.yaml")]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def test_maps_are_merged_lists_are_replaced_and_the_last_one_wins(files):
    layers = [*map(defaults.read, files)]
    config = {"a": {"y": [3]}, "b": {"new": 1}, "c": None}
    assert defaults.merged(*layers, config) == {"a": {"x": 2, "y": [3]}, "b": {"new": 1}}
    assert defaults.merged(*layers) == {"a": {"x": 2, "y": [1, 2]}, "b": 1, "c": {"z": 1}}


def test_a_null_takes_a_default_away_and_nothing_else():
    below = {"compare": {"ceiling_seed": 1, "draws": 19}, "x": 1}
    upper = {"compare": {"ceiling_seed": None, "new": None}}
    assert defaults.merged(below, upper) == {"compare": {"draws": 19, "new": None}, "x": 1}
    assert defaults.merged(below, {"compare": None}) == {"x": 1}


def test_the_given_configuration_stays_as_it_is(files):
    config = {"a": {"y": [3]}}
    defaults.merged(*map(defaults.read, files), config)["a"]["x"] = 9
    assert config == {"a": {"y": [3]}}


def test_keys_keep_the_order_of_the_files_so_that_a_module_gives_jobs_the_same_parameters(files):
    config = {"c": {}, "a": {"y": [], "x": 1}}
    assert list(defaults.merged(*map(defaults.read, files), config)["a"]) == ["x", "y"]


def test_a_key_that_comes_twice_is_refused_with_its_line_and_merged_keys_are_not(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("a: {b: 1}\nc: &c {x: 1}\nd: {<<: *c, x: 2}\n")
    assert defaults.read(path) == {"a": {"b": 1}, "c": {"x": 1}, "d": {"x": 2}}
    path.write_text("\ufeffa: 1\nc:\n  x: 1\n  y: 2\n  x: 3\n")
    with pytest.raises(
        ValueError, match=r"study\.yaml: the key 'x' comes twice in the map at line 3"
    ):
        defaults.read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: {c: [1\n", "line 3: is no YAML"),
        ("a: *b\n", "line 1: is no YAML .*undefined alias"),
        ("a: !!python/name:os.system\n", "line 1: is no YAML .*could not determine a constructor"),
        ("a: " + "[" * 600 + "]" * 600, "nest too deeply"),
        ("a: " + "9" * 5000, "integer string conversion"),
        ("a: 2024-99-99\n", "month must be in 1..12"),
        ("a: \0\n", "special characters are not allowed"),
        ("? [1]\n: 2\n? {}\n: 3\n", "line 1: is no YAML .*unhashable key"),
    ],
)
def test_what_is_no_yaml_is_refused_in_one_line_with_the_file(text, said, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"^.*study\.yaml: {said}|^.*study\.yaml: .*{said}") as e:
        defaults.read(path)
    assert "\n" not in str(e.value)
