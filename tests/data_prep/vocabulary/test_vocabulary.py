"""Vocabularies against `collections.Counter`, and what is dropped for want of words."""

import dataclasses
from collections import Counter

import pytest

from data_prep.config import BuildConfig, Words
from data_prep.draft import Draft, Reject
from data_prep.route import Route, lacking
from data_prep.vocabulary.runs import Counts, run_path
from data_prep.vocabulary.select import Select, SelectPosts
from data_prep.vocabulary.vocabulary import COUNTS, VOCABULARIES, CountWords, Vocabularies, cut
from data_prep.work.chunks import Work
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import chunked, random_drafts, run_steps


@pytest.fixture
def drafts(tmp_path, rng):
    drawn = random_drafts(tmp_path / "pictures", 60, rng)
    # Some labels that are tags, too, and some posts that can't qualify.
    drawn = [
        dataclasses.replace(
            d, post=dataclasses.replace(d.post, labels=(*d.post.labels, *d.post.tags[: rng.integers(2)]))
        )
        for d in drawn
    ]
    return [
        *drawn,
        Draft(Post(id="no picture", tags=("tag0",))),
        dataclasses.replace(drawn[0], post=Post(id="no tags")),
    ]


def built(tmp_path, drafts, content):
    """Runs both passes; returns the vocabularies, the kept drafts and the rejects."""
    work, config = Work(tmp_path / "work"), validated(BuildConfig, {"needs": ["image", "tags"], **content})
    numbers, route = chunked(work, "clean", drafts, 9), Route(work, config)
    run_steps(work, numbers, lambda n: n | CountWords(route))
    words = Vocabularies.from_counts(Counts(run_path(work, COUNTS, 0, number) for number in numbers), config)
    work.write_lines(work.folder / VOCABULARIES, [words.to_json()])
    run_steps(work, numbers, lambda n: n | SelectPosts(route))
    kept = [draft for number in numbers for draft in work.drafts("selected", number)]
    return words, kept, list(work.rejects(["select"]))


def most_common(counts, most, minimum=1):
    """Python's own sort: by falling count, then by the word."""
    return [w for w, c in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if c >= minimum][:most]


def test_the_most_frequent_words_of_posts_that_qualify(tmp_path, drafts):
    words, kept, rejects = built(tmp_path, drafts, {"tags": {"most": 7}, "labels": {"minimum": 20}})
    qualified = drafts[:60]
    tags = Counter(tag for draft in qualified for tag in draft.post.tags)
    labels = Counter(label for draft in qualified for label in set(draft.post.labels))
    assert words.tags == most_common(tags, 7)
    assert words.labels == most_common(labels, None, 20)
    expected = [d for d in qualified if set(d.post.tags) & set(words.tags)]
    assert [d.post.id for d in kept] == [d.post.id for d in expected]
    for draft, source in zip(kept, expected, strict=True):
        assert draft.post.tags == tuple(t for t in source.post.tags if t in words.tags)
        assert draft.post.labels == tuple(x for x in source.post.labels if x in words.labels)
    assert len(kept) + len(rejects) == len(drafts)
    assert not any(reject.bad for reject in rejects)
    assert {(r.where, r.reason) for r in rejects if r.step == "needs"} == {
        ("no picture", "no image"),
        ("no tags", "no tags"),
    }


@pytest.mark.parametrize("keep", [False, True])
def test_frequent_tags_become_labels(tmp_path, drafts, keep):
    content = {
        "annotate": {"labels_from_tags": 3, "keep_in_tags": keep},
        "tags": {"most": 5},
        "needs": ["image", "tags", "labels"],
    }
    words, kept, _ = built(tmp_path, drafts, content)
    qualified = drafts[:60]
    tags = Counter(tag for draft in qualified for tag in draft.post.tags)
    from_tags = most_common(tags, 3)
    labels = Counter(
        word for d in qualified for word in set(d.post.labels) | {tag for tag in d.post.tags if tag in from_tags}
    )
    remaining = {tag: count for tag, count in tags.items() if keep or tag not in from_tags}
    assert (words.from_tags, words.tags, words.labels) == (
        from_tags,
        most_common(remaining, 5),
        most_common(labels, None),
    )
    sources = {draft.post.id: draft.post for draft in qualified}
    for draft in kept:
        source = sources[draft.post.id]
        assert set(draft.post.labels) == set(source.labels) | (set(source.tags) & set(from_tags))
        assert len(set(draft.post.labels)) == len(draft.post.labels)
        assert keep or not set(draft.post.tags) & set(from_tags)


def test_equal_counts_are_cut_in_alphabetical_order():
    counts = {"b": 2, "a": 2, "c": 3, "d": 1}
    assert cut(counts.items(), Words(most=2)) == ["c", "a"]
    assert cut(counts.items(), Words(minimum=2)) == ["c", "a", "b"]


def test_needs():
    post = Post(id="1", text="t", time=0)
    assert lacking(Draft(post, picture="p"), ["image", "text", "time"]) is None
    assert lacking(Draft(post), ["text", "image"]) == "image"
    assert [lacking(Draft(post), [name]) for name in ("sentences", "tags", "labels", "user")] == [
        "sentences",
        "tags",
        "labels",
        "user",
    ]


def test_a_post_without_a_known_word_says_which_field():
    select = Select(Vocabularies(["a"], ["x"], [], False), ["tags", "labels"])
    no_tag, no_label = select(Draft(Post(id="1", tags=("b",)))), select(Draft(Post(id="2", tags=("a",), labels=("y",))))
    assert isinstance(no_tag, Reject)
    assert (no_tag.reason, no_label.reason) == ("no tag in the vocabulary", "no label in the vocabulary")
