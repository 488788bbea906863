"""Vocabularies against `collections.Counter`, and what is dropped for want of words."""

import dataclasses
from collections import Counter

import pytest

from data_prep.config import BuildConfig, Words
from data_prep.draft import Draft, Reject
from data_prep.route import Route, lacking
from data_prep.vocabulary.runs import Counts, run_path
from data_prep.vocabulary.select import Select, SelectPosts
from data_prep.vocabulary.vocabulary import COUNTS, VOCABULARIES, CountWords, Vocabularies, cut, dropped_tags
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


def test_numbers_and_the_most_frequent_tags_are_dropped_before_others_are_cut(tmp_path, drafts, rng):
    years = [str(year) for year in range(2001, 2004)]
    drafts = [d.with_post(tags=(*d.post.tags, str(rng.choice(years)))) if d.post.tags else d for d in drafts]
    content = {
        "tags": {"most": 4, "drop_numbers": True, "drop_most_frequent": 2},
        "annotate": {"labels_from_tags": 3, "keep_in_tags": False},
    }
    words, kept, rejects = built(tmp_path, drafts, content)
    qualified = drafts[:60]
    tags = Counter(tag for draft in qualified for tag in draft.post.tags if tag not in years)
    ranked = most_common(tags, None)
    assert (words.too_frequent, words.from_tags, words.tags) == (ranked[:2], ranked[2:5], ranked[5:9])
    assert set(ranked[2:5]) <= set(words.labels)
    assert {tag for draft in kept for tag in draft.post.tags} <= set(ranked[5:9])
    # What had none but dropped tags, or such as became labels.
    gone = [draft.post.id for draft in qualified if not set(draft.post.tags) & set(ranked[5:9])]
    assert [r.where for r in rejects if r.reason == "no tag in the vocabulary"] == gone


def test_dropped_tags_are_counted(tmp_path, drafts):
    config = validated(BuildConfig, {"needs": [], "tags": {"most": 4, "drop_numbers": True, "drop_most_frequent": 2}})
    drafts = [draft.with_post(tags=(*draft.post.tags, "2009")) for draft in drafts]
    work = Work(tmp_path / "work")
    run_steps(work, chunked(work, "clean", drafts, 99), lambda n: n | CountWords(Route(work, config)))
    counts = Counts([run_path(work, COUNTS, 0, 0)])
    words = Vocabularies.from_counts(counts, config)
    tags = Counter(tag for draft in drafts for tag in draft.post.tags)
    ranked = most_common({tag: count for tag, count in tags.items() if tag != "2009"}, None)
    assert dropped_tags(counts, config, words) == {
        "tags/numbers": 1,
        "tags/numbers/uses": len(drafts),
        "tags/too_frequent": 2,
        "tags/too_frequent/uses": sum(tags[tag] for tag in ranked[:2]),
        "tags/beyond_the_vocabulary": len(ranked) - 6,
        "tags/beyond_the_vocabulary/uses": sum(tags[tag] for tag in ranked[6:]),
    }


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
