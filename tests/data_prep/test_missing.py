"""What a build says that its data set lacks."""

import pytest

from data_prep.missing import missing, told
from kerasmm.data.manifest import Manifest

ALL = {"text": 9, "tags": 9, "labels": 9, "links": 9, "sentences": 9, "sentences/tags": 9}


def manifest(*without):
    fields = {name: count for name, count in ALL.items() if name not in without}
    return Manifest(source="posts", splits={}, fields={"train": fields | {"post/id": 9}})


def test_nothing_is_missing():
    assert missing(manifest()) == {} and list(told(manifest())) == []


@pytest.mark.parametrize(
    ("without", "advice"),
    [
        (("labels", "links"), {"labels": "--labels-from-tags", "links": "share a label"}),
        (("labels", "links", "tags"), {"tags": "", "labels": "", "links": "share a label"}),
        (("sentences", "sentences/tags"), {"sentences": "annotate.sentences=from_text"}),
        (("sentences/tags",), {"sentences/tags": "annotate.sentence_tags=true"}),
        (("text", "sentences", "sentences/tags"), {"text": "", "sentences": ""}),
    ],
)
def test_what_is_missing_and_how_a_build_gives_it(without, advice):
    found = missing(manifest(*without))
    assert list(found) == list(advice)
    assert all(part in found[field] and bool(part) == bool(found[field]) for field, part in advice.items())
    (line,) = told(manifest(*without))
    assert all(field in line for field in advice)
