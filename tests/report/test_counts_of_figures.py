"""Every figure says of how many seeds, examples, states, sequences or batches its numbers are."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.text import Text

import plot
import synthetic
from seqtransfer.report import register
from seqtransfer.report.figures import counts
from seqtransfer.report.register.entries import Figure

TASKS, SEEDS = synthetic.FEW_TASKS, synthetic.FEW_SEEDS
# Of the made-up study of all arms: what its files were written with.
PARTS = {"train": (2400, 2400), "dev": (300, 300), "test": (305, 306)}
STATES, SEQUENCES = "States compared", "Test sequences"


def each(what, first, second):
    return f"{what}: localization {first}; splice {second}."


def examples(*parts):
    numbers = [" and ".join(str(PARTS[part][place]) for part in parts) for place in (0, 1)]
    return each("Examples of " + " and ".join(parts), *numbers)


def of_runs(*parts):
    return "Seeds of an arm: 3. " + examples(*parts)


ON_STATES = each(STATES, 2000, 2000)
ON_SEQUENCES = each(SEQUENCES, 48, 48)
ON_BATCHES = each("Training batches", 12, 12)
SAID = {
    "summary": of_runs("dev", "test"),
    "scores": of_runs("test"),
    "convergence": of_runs("dev"),
    "claims": of_runs("dev", "test"),
    "gains_over_steps": of_runs("dev"),
    "sensitivity": f"Seeds of the sweep: 2. {examples('dev')}",
    "speed_by_rate": f"Seeds of the sweep: 2. {examples('dev')}",
    "generalization": of_runs("train", "dev"),
    "power": of_runs("test"),
    "cost": "Seeds of an arm: 3.",
    "profiles": of_runs("test"),
    "confusion": f"Seeds of an arm: 3. {each('Test examples or labelled tokens', 305, 305)}",
    "similarity": f"Seeds: 3. {ON_STATES} {each(SEQUENCES, 200, 200)}",
    "similarities": f"Seeds: 3. {ON_STATES}",
    "change": f"Seeds: 3. {ON_STATES}",
    "maps": f"Seeds: 1. {ON_STATES}",
    "similarity_gain": f"Seeds: 3. {ON_STATES} {examples('test')}",
    "attention": f"Seeds: 3. {each(SEQUENCES, 64, 64)}",
    "transfer": of_runs("dev", "test"),
    "pretraining": of_runs("test"),
    "ladder": of_runs("dev", "test"),
    "isometry": f"Seeds: 3. {ON_SEQUENCES}",
    "gradient_confusion": f"Seeds: 3. {ON_BATCHES}",
    "gradients_along": f"Seeds: 3. {ON_BATCHES}",
    "perturbation": f"Seeds: 3. {ON_SEQUENCES}",
    "lipschitz": f"Seeds: 3. {ON_SEQUENCES}",
    "mutation": f"Seeds: 3. {ON_SEQUENCES}",
    "analysis_association": f"Seeds: 3. {ON_SEQUENCES} {ON_BATCHES} {examples('dev', 'test')}",
}


@pytest.mark.parametrize("name", register.FIGURES)
def test_every_figure_counts_what_its_tables_were_made_of_and_nothing_else(name, small):
    assert counts.of_figure(register.FIGURES[name], *small) == SAID[name]


@pytest.mark.parametrize("name", register.FIGURES)
def test_parts_of_the_data_that_a_figure_names_are_counted(name, small):
    figure = register.figure_functions()[name](*small)
    written = " ".join(text.get_text() for text in figure.findobj(Text))
    named = set(re.findall(r"\b(dev|test)\b", written))
    assert named <= set(re.findall("dev|test", SAID[name].lower()))


def test_a_study_of_fewer_seeds_of_similarities_than_runs_says_both_numbers():
    tables = {
        "runs": pd.DataFrame({"task": "x", "initialization": "text", "seed": [0, 1]}),
        "budget": pd.DataFrame({"task": ["x"], "train": 9, "dev": 5, "test": 7}),
        "power": pd.DataFrame({"task": ["x", "x"], "seeds": [2, 32], "study_seeds": [4, 4]}),
        "effects": pd.DataFrame({"claim": ["b", "d2-cka"], "task": "x", "seeds": [2, 1]}),
        "attention": pd.DataFrame({"task": ["x"], "left": "text", "right": "domain", "seeds": 1}
                                  | {"sequences": 64}),
    }  # fmt: skip
    runs = "Seeds of an arm: 2. Examples of test: x 7."

    def said(*names, parts=("test",)):
        return counts.of_figure(Figure("a", "b.", names, parts), tables, [])

    # Whatever numbers of seeds a table has that a study might have had.
    assert said() == said("absent") == said("power") == runs
    assert said("effects", parts=()) == "Seeds of an arm: 2. Seeds of similarities: 1."
    assert said("attention", parts=()) == "Seeds: 1. Test sequences: x 64."


def test_states_are_those_of_the_measure_that_is_drawn():
    pairs = {"task": "x", "left": "text", "right": "domain", "seeds": 4}
    similarity = pd.DataFrame(pairs | {"measure": ["cka", "neighbours"], "rows": [3840, 960]})
    claims = [{"id": f"d2-{one}", "headline": one == "neighbours"} for one in similarity["measure"]]
    tables = {"similarity": similarity, "runs": pd.DataFrame()}
    drawn = {one: Figure("a", "b.", ("similarity",), one_measure=one) for one in (True, False)}
    assert counts.of_figure(drawn[True], tables, claims) == "Seeds: 4. States compared: x 960."
    every = "Seeds: 4. States compared: x 960 to 3840."
    assert counts.of_figure(drawn[False], tables, claims) == every


def test_answers_are_counted_of_tasks_with_classes_alone_and_tokens_where_these_have_them():
    run = {"initialization": "text", "seed": 0, "label": ["a", "b"], "prediction": "a"}
    confusion = pd.concat(
        pd.DataFrame({"task": task} | run | {"count": count})
        for task, count in {"whole": [3, 4], "tokens": [30, 60], "lost": [None, None]}.items()
    )
    arms = pd.DataFrame({"task": "whole", "initialization": "text", "seed": [0]})
    tables = {"confusion": confusion, "runs": arms}
    said = counts.of_figure(register.FIGURES["confusion"], tables, [])
    assert said.endswith(" Test examples or labelled tokens: whole 7; tokens 90.")


def test_the_description_of_an_svg_is_its_caption_and_what_it_counts(drawn, frames, tmp_path):
    sources = [path for path in drawn.values() if path.suffix == ".csv"]
    path = tmp_path / "scores.svg"
    plot.main(
        figure="scores", width="page", sources=sources, claims=drawn["claims"], outputs=[path]
    )
    said = ElementTree.parse(path).getroot().find("{http://www.w3.org/2000/svg}desc").text
    assert said.startswith(register.FIGURES["scores"].caption)
    parts = frames["budget"].set_index("task")
    for task in TASKS:
        assert f"{task} {parts.loc[task, 'test']}" in said
    assert f"Seeds of an arm: {len(SEEDS)}." in said
