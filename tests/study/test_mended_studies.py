"""Each file of workflow/studies/mended changes one choice of as-released, and no other."""

from collections.abc import Iterator

import pytest
import yaml

from project import ROOT
from seqtransfer.study import defaults, planning
from seqtransfer.study.checks import settings_tables

STUDIES = ROOT / "workflow/studies"
FILES = sorted((STUDIES / "mended").glob("*.yaml"))
SHORT = STUDIES / "as-released-short.yaml"
FOUR_SEEDS = STUDIES / "as-released-four-seeds.yaml"
# What it shrinks: no choice that a file mends.
SHRUNK = {"study", "tasks", "initializations", "seeds", "represent.dropout", "sweep.seeds"}
SHRUNK |= {"sweep.learning_rates", "compare.reference", "compare.pairs", "compare.maps"}
SHRUNK |= {"compare.draws", "compare.floor_seeds", "compare.paper", "compare.seeds"}
DEFAULTS = ["workflow/catalogue.yaml", "workflow/encoders.yaml", "workflow/artificial.yaml"]
DEFAULTS = [ROOT / name for name in (*DEFAULTS, "config.yaml")]
TASKS = ("sentiment", "localization", "splice", "composer")
# File -> the keys that it changes; `sweep` is read only where settings are swept.
CHANGES = {
    "rate": {"finetune.settings"},
    "warmup": {"finetune.warmup", "sweep.warmups"},
    "pooling": {"finetune.settings", "sweep.poolings"},
    "budget": {"finetune.steps", "finetune.patience", "finetune.cooldown"},
    "duplicates": {"examples.duplicates"},
    "shift": {f"catalogue.tasks.sentiment.token_map.{key}" for key in ("kind", "shift")},
    "specials": {f"catalogue.tasks.{task}.token_map.specials" for task in TASKS},
    "rows": {"represent.sequences", "represent.tokens"},
    "dropout": {"represent.dropout"},
}


def planned(*files, **keys) -> dict:
    """The study of these files over as-released, checked as before any job."""
    overlays = map(defaults.read, [STUDIES / "as-released.yaml", *files])
    return planning.study(defaults.merged(*overlays, keys), [], DEFAULTS, ROOT / "workflow/schemas")


def flat(study: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in study.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def test_every_file_is_known_here():
    assert {path.stem for path in FILES} == set(CHANGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_mends_its_choice_and_nothing_else(path):
    before, after = dict(flat(planned())), dict(flat(planned(path)))
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert after["study"] == f"mended-{path.stem}"
    assert changed == CHANGES[path.stem] | {"study"}


def test_the_short_study_makes_the_choices_of_the_whole_one():
    before, after = dict(flat(planned())), dict(flat(planned(SHORT)))
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    # The entry of a task that a study leaves out is not completed.
    assert {key for key in changed if not key.startswith("catalogue.tasks.sentiment.")} == SHRUNK
    # Dropout stays on wherever the whole study has it on, in the arms that are left.
    arms = [arm for arm in before["represent.dropout"] if arm in after["initializations"]]
    assert after["represent.dropout"] == arms


def test_the_study_of_four_seeds_makes_the_choices_of_the_whole_one():
    before, after = dict(flat(planned())), dict(flat(planned(FOUR_SEEDS)))
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert changed == {"study", "seeds", "compare.seeds", "sweep.learning_rates", "sweep.seeds"}


@pytest.mark.parametrize("name", ["budget", "pooling", "specials", "duplicates"])
def test_a_choice_of_the_short_study_is_mended_on_top_of_its_rate(name):
    rate, mended = STUDIES / "mended/rate.yaml", STUDIES / f"mended/{name}.yaml"
    before, after = dict(flat(planned(SHORT, rate))), dict(flat(planned(SHORT, mended, rate)))
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert changed == CHANGES[name] - {"finetune.settings"}


def test_all_files_together_mend_every_choice():
    study = planned(*FILES, study="mended-all")
    alone = [dict(flat(planned(path))) for path in FILES]
    for path, one in zip(FILES, alone, strict=True):
        # Pooling is a table of settings, or a candidate of the sweep that mends the rate.
        for key in CHANGES[path.stem] - (
            {"finetune.settings"} if path.stem == "pooling" else set()
        ):
            assert dict(flat(study))[key] == one[key], key
    assert study["finetune"]["settings"] == "sweep" and study["sweep"]["poolings"] == ["mean"]


@pytest.mark.parametrize("name", ["as-released", "mended-pooling"])
def test_the_tables_of_settings_have_one_rate_and_one_pooling_for_every_packaged_task(name):
    table = STUDIES / f"{name}-settings.tsv"
    settings_tables.check(table, TASKS, ["text", "random", "domain"])
    _, *rows = (line.split("\t") for line in table.read_text().splitlines())
    pooling = {"as-released": "first", "mended-pooling": "mean"}[name]
    assert {(float(rate), word) for _, _, rate, word in rows} == {(1e-5, pooling)}


def test_the_released_study_makes_every_choice_that_a_file_mends():
    study = planned()
    maps = {task: study["catalogue"]["tasks"][task]["token_map"] for task in study["tasks"]}
    assert {one["specials"] for one in maps.values()} == {"moved"}
    assert maps["sentiment"] == {"kind": "shift", "shift": 1000, "specials": "moved"}
    assert study["examples"]["duplicates"] == "kept"
    assert study["finetune"]["warmup"] == 0 == study["finetune"]["weight_decay"]
    assert study["finetune"]["patience"] == study["finetune"]["steps"]
    assert study["represent"]["sequences"] * study["represent"]["tokens"] == 1000
    assert study["represent"]["dropout"] == ["random", "domain"]
    assert (
        yaml.safe_load((STUDIES / "as-released.yaml").read_text())["claims"]["measure"] == "pwcca"
    )
