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
    config = {"a": {"y": [3]}, "b": {"new": 1}, "c": None}
    assert defaults.below(config, files) == {"a": {"x": 2, "y": [3]}, "b": {"new": 1}, "c": None}
    assert defaults.below({}, files) == {"a": {"x": 2, "y": [1, 2]}, "b": 1, "c": {"z": 1}}


def test_the_given_configuration_stays_as_it_is(files):
    config = {"a": {"y": [3]}}
    defaults.below(config, files)["a"]["x"] = 9
    assert config == {"a": {"y": [3]}}


def test_keys_keep_the_order_of_the_files_so_that_a_module_gives_jobs_the_same_parameters(files):
    assert list(defaults.below({"c": {}, "a": {"y": [], "x": 1}}, files)["a"]) == ["x", "y"]
