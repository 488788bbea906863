"""The build configuration."""

import pytest

from data_prep.config import BuildConfig
from kerasmm.console import UserError
from kerasmm.settings import validated


def test_an_empty_mapping_gives_the_defaults_of_the_design():
    config = validated(BuildConfig, {})
    assert (config.tags.most, config.labels.most, config.needs) == (1000, None, ["image", "tags"])
    assert (config.split.method, config.split.test, config.split.validation) == ("random", 0.2, 0.1)
    assert (config.links.most, config.max_rejects, config.seed) == (50, 0.1, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"spilt": {}}, ("`spilt`", "'split'")),
        ({"image": {"max_pixel": 5}}, ("`image.max_pixel`", "'image.max_pixels'")),
        ({"split": {"counts": {"tests": 5}, "method": "counts"}}, ("`split.counts.tests`", "'split.counts.test'")),
        ({"tags": {"most": "many"}}, ("`tags.most`", "'many'")),
        ({"tags": {"most": 0}}, ("`tags.most`", "greater than or equal to 1")),
        ({"needs": ["images"]}, ("`needs.0`", "'image'", "'images'")),
        ({"links": {"most": 51}}, ("`links.most`", "50")),
        ({"split": {"method": "counts"}}, ("`split`", "counts")),
        ({"split": {"counts": {"test": 1}}}, ("`split`", "method: counts")),
        ({"split": {"validation": 1.5}}, ("`split`", "`validation`")),
        ({"collect": {"keyword": 5}}, ("`collect.keyword`", "'collect.keywords'")),
        ({"collect": {"clean": "d", "per_keyword": 0}}, ("`collect.per_keyword`", "greater than or equal to 1")),
        ({"collect": {"per_owner": 3}}, ("`collect`", "`clean`", "is not given")),
        ({"seed": "0"}, ("`seed`", "'0'")),
        ({"image": 7}, ("`image`", "must be a mapping with keys of required, max_pixels, max_side", "7")),
        ({"split": {"counts": 7}}, ("`split.counts`", "must be a mapping with keys of test, train, validation")),
        ({"needs": ["word" * 99]}, ("`needs.0`", "Received: 'wordword", "...")),
    ],
)
def test_a_wrong_key_or_value_is_named(content, words):
    with pytest.raises(UserError) as error:
        validated(BuildConfig, content, "file.yaml")
    assert all(word in str(error.value) for word in ("file.yaml", *words)), str(error.value)
    assert "\n" not in str(error.value)
