"""A study that names something unknown is refused when it is planned, with what is known."""

from copy import deepcopy

import pytest

from seqtransfer import study

STUDY = {
    "tasks": ["splice", "composer"],
    "initializations": ["text", "random", "domain"],
    "max_length": {"splice": 62, "composer": 64},
    "pieces": {"bach": 120, "haydn": 120},
    "compare": {"reference": "domain"},
    "encoder": {"name": "minilm"},
    "catalogue": {
        "sources": {"wheel": {}, "archive": {}},
        "tasks": {
            "splice": {"source": "archive", "format": "fasta", "classes": ["EI", "N"]},
            "composer": {"source": "wheel", "format": "midi", "classes": ["bach", "haydn"]},
            "unused": {"source": "nowhere", "format": "text", "classes": ["x"]},
        },
        "encoders": {"minilm": {"source": "wheel"}},
    },
}


def test_a_study_of_known_names_passes_whatever_else_the_catalogue_holds():
    study.check(STUDY)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["tasks"], ["splise"], "^tasks: 'splise' is unknown; known: composer, splice, unused"),
        (["tasks"], ["unused"], r"^catalogue\.tasks\.unused\.source: 'nowhere'.*archive, wheel"),
        (["pieces"], {"bach": 120}, "^pieces of composer: 'haydn' is unknown; known: bach"),
        (["max_length"], {}, "^max_length: no length for task 'splice'; add `splice: <tokens>`"),
        (["initializations"], ["texts"], "^initializations: 'texts'.*domain, random"),
        (["compare", "reference"], "shuffled", r"^compare\.reference: 'shuffled'.*domain, random"),
        (["encoder", "name"], "bert", r"^encoder\.name: 'bert' is unknown; known: minilm"),
        (
            ["catalogue", "encoders", "minilm", "source"],
            "web",
            r"^catalogue\.encoders\.minilm\.source: 'web' is unknown; known: archive, wheel",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_its_key_and_the_known_names(place, value, message):
    config = deepcopy(STUDY)
    *path, last = place
    section = config
    for key in path:
        section = section[key]
    section[last] = value
    with pytest.raises(ValueError, match=message):
        study.check(config)
