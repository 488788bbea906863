"""The build configuration, its file and its assignments."""

import pytest

from data_prep.config import BuildConfig, merged, read_config, setting, validated
from kerasmm.console import UserError


def test_an_empty_mapping_gives_the_defaults_of_the_design():
    config = validated({})
    assert (config.tags.most, config.labels.most, config.needs) == (1000, None, ["image", "tags"])
    assert (config.split.method, config.split.test, config.split.validation) == ("random", 0.2, 0.1)
    assert (config.links.most, config.max_rejects, config.seed) == (50, 0.1, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"spilt": {}}, ("`spilt`", "'split'")),
        ({"image": {"max_pixel": 5}}, ("`image.max_pixel`", "'max_pixels'")),
        ({"split": {"counts": {"tests": 5}, "method": "counts"}}, ("`split.counts.tests`", "'test'")),
        ({"tags": {"most": "many"}}, ("`tags.most`", "'many'")),
        ({"tags": {"most": 0}}, ("`tags.most`", "greater than or equal to 1")),
        ({"needs": ["images"]}, ("`needs.0`", "'image'", "'images'")),
        ({"links": {"most": 51}}, ("`links.most`", "50")),
        ({"split": {"method": "counts"}}, ("`split`", "counts")),
        ({"split": {"counts": {"test": 1}}}, ("`split`", "method: counts")),
        ({"split": {"validation": 1.5}}, ("`split`", "`validation`")),
        ({"collect": {"keyword": 5}}, ("`collect.keyword`", "'keywords'")),
        ({"collect": {"clean": "d", "per_keyword": 0}}, ("`collect.per_keyword`", "greater than or equal to 1")),
        ({"collect": {"per_owner": 3}}, ("`collect`", "`clean`", "is not given")),
        ({"seed": "0"}, ("`seed`", "'0'")),
        ({"image": 7}, ("`image`", "7")),
    ],
)
def test_a_wrong_key_or_value_is_named(content, words):
    with pytest.raises(UserError) as error:
        validated(content, "file.yaml")
    assert all(word in str(error.value) for word in ("file.yaml", *words)), str(error.value)
    assert "\n" not in str(error.value)


def test_later_layers_win_key_by_key():
    layers = ({"split": {"test": 0.3, "seed": 1}, "needs": ["image"]}, {"split": {"test": 0.1}}, {"needs": []})
    assert merged(*layers) == {"split": {"test": 0.1, "seed": 1}, "needs": []}


@pytest.mark.parametrize(
    ("assignment", "content"),
    [
        ("split.test=0.1", {"split": {"test": 0.1}}),
        ("needs=[image, labels]", {"needs": ["image", "labels"]}),
        ("features.encoder=null", {"features": {"encoder": None}}),
        ("image.required=false", {"image": {"required": False}}),
    ],
)
def test_an_assignment_is_read_as_yaml(assignment, content):
    assert setting(assignment) == content
    assert isinstance(validated(setting(assignment)), BuildConfig)


@pytest.mark.parametrize("assignment", ["seed", "=3", "split.=1", ".test=1", "needs=[image"])
def test_no_assignment(assignment):
    with pytest.raises(UserError, match="--set"):
        setting(assignment)


def test_files(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(UserError, match="no such configuration file"):
        read_config(path)
    for content, message in (
        ("a: [", "not valid YAML"),
        ("- 1", "expected a mapping"),
        ("!!python/name:os.system", "YAML"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=message):
            read_config(path)
    path.write_text("tags: {most: 5}\n")
    assert read_config(path) == {"tags": {"most": 5}}
    path.write_text("")
    assert read_config(path) == {}
