"""The route: what each pass reads is decided by the configuration and the source, not by the files that are there."""

import pickle

import pytest

from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.read.read import Read, read
from data_prep.route import Route
from data_prep.work.chunks import Work
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import Written, chunked, write_world

KINDS = ("raw", "connoted", "clean", "annotated", "matched")


@pytest.fixture
def work(tmp_path):
    """A work folder with every kind of chunk and every verdict, whichever passes the configuration has."""
    work = Work(tmp_path / "work")
    for kind in KINDS:
        chunked(work, kind, [Draft(Post(id=kind, tags=("a",))), Draft(Post(id=f"{kind} 1", tags=("b",)))], 2)
    work.write_note("near_duplicates", 0, {"0": "nearly the same"})
    work.write_note("collected", 0, {"1": ""})
    return work


def route(work, has_sentences=False, **content):
    # As a worker process gets it.
    config = validated(BuildConfig, {"needs": [], **content})
    return pickle.loads(pickle.dumps(Route(work, config, has_sentences)))


def names(found):
    return [f"not {each.where}" if isinstance(each, Reject) else each.post.id for each in found]


@pytest.mark.parametrize(("content", "expected"), [({}, "raw"), ({"connotations": {"method": "hashtags"}}, "connoted")])
def test_cleaning_reads_connotations_where_an_annotator_names_them(work, content, expected):
    assert names(route(work, **content).drafts(0)) == [expected, f"{expected} 1"]


@pytest.mark.parametrize(
    ("has_sentences", "annotate", "expected"),
    [
        (True, {}, "annotated"),
        (True, {"nouns_as_tags": True, "sentence_tags": False}, "annotated"),
        (True, {"sentence_tags": False}, "clean"),
        (False, {}, "clean"),
        (False, {"sentences": "from text", "sentence_tags": False}, "annotated"),
    ],
)
def test_annotated_posts_are_read_where_sentences_are_annotated(work, has_sentences, annotate, expected):
    found = route(work, has_sentences, annotate=annotate)
    assert names(found.comparable(0)) == names(found.qualified(0)) == [expected, f"{expected} 1"]


@pytest.mark.parametrize("prune", [{"near_duplicates": 0.9}, {"fold_retweets": True}])
def test_verdicts_on_near_duplicates_are_read_where_posts_are_compared(work, prune):
    assert names(route(work, prune=prune).candidates(0)) == ["not clean", "clean 1"]
    assert names(route(work).candidates(0)) == ["clean", "clean 1"]


def test_collected_posts_are_read_where_posts_are_collected(work):
    assert names(route(work, collect={"clean": "folder"}).qualified(0)) == ["not matched", "matched 1"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chunk_that_a_pass_should_have_written_is_missed(work, kind):
    work.path(kind, 0).unlink()
    asked = {
        "raw": lambda: route(work).drafts(0),
        "connoted": lambda: route(work, connotations={"method": "hashtags"}).drafts(0),
        "clean": lambda: route(work).qualified(0),
        "annotated": lambda: route(work, True).qualified(0),
        "matched": lambda: route(work, collect={"clean": "folder"}).qualified(0),
    }
    with pytest.raises(FileNotFoundError, match=kind):
        list(asked[kind]())


def test_reading_says_what_the_source_had(tmp_path):
    drafts = [
        Draft(Post(id="1"), split="train"),
        "rubbish",
        Draft(Post(id="2", sentences=("a dog",)), split="test"),
        Draft(Post(id="3"), split="train"),
    ]
    work = Work(tmp_path / "work")
    had = read(Written(write_world(tmp_path / "world", drafts), None, tmp_path), work, 2, quiet=True)
    assert had == Read(chunks=range(2), drafts=3, seen=4, training=2, has_sentences=True)
    assert [names(work.drafts("raw", number)) for number in had.chunks] == [["1", "2"], ["3"]]
    assert [reject.where for reject in work.rejects(["source"])] == ["drafts.jsonl:2"]
