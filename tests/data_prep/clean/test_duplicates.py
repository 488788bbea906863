"""Duplicates against a slow loop."""

import dataclasses

from data_prep.clean.duplicates import Duplicates, keys_of
from data_prep.draft import Draft
from data_prep.route import SAME_CONTENT, SAME_ID
from data_prep.work.chunks import Work
from kerasmm.data.post import Post
from tests.data_prep.world import chunked, run_steps


def dropped_by_loop(drafts):
    ids, contents, dropped = set(), set(), {}
    for place, draft in enumerate(drafts):
        post = draft.post
        content = (draft.digest, post.text, post.sentences, post.tags, post.user)
        if post.id in ids:
            dropped[place] = SAME_ID
        elif content in contents:
            dropped[place] = SAME_CONTENT
        ids.add(post.id)
        if place not in dropped or dropped[place] == SAME_CONTENT:
            contents.add(content)
    return dropped


def test_the_first_stays(tmp_path, rng):
    drafts = [
        Draft(
            Post(
                id=str(rng.integers(60)),
                text=[None, "", "a"][rng.integers(3)],
                tags=tuple("ab"[: rng.integers(3)]),
                user=[None, "u", "v"][rng.integers(3)],
            ),
            digest=[None, "p", "q"][rng.integers(3)],
        )
        for _ in range(80)
    ]
    work, size = Work(tmp_path), 7
    numbers = chunked(work, "clean", drafts, size)

    def keys(number):
        return [keys_of(draft, (number, index)) for index, draft in enumerate(work.drafts("clean", number))]

    import apache_beam as beam

    run_steps(work, numbers, lambda n: n | beam.FlatMap(keys) | Duplicates(work))
    found = {
        number * size + int(index): reason
        for number in numbers
        for index, reason in work.note("duplicates", number, {}).items()
    }
    assert found == dropped_by_loop(drafts)
    assert set(found.values()) == {SAME_ID, SAME_CONTENT}


def test_what_makes_two_posts_differ():
    draft = Draft(Post(id="1", text="t", sentences=("s",), tags=("a", "b"), user="u"), digest="d")

    def content(**changes):
        post = dataclasses.replace(draft.post, **{name: value for name, value in changes.items() if name != "digest"})
        return keys_of(dataclasses.replace(draft, post=post, digest=changes.get("digest", "d")), (0, 0))[1][1]

    same = content()
    assert content(id="2", time=5, labels=("l",)) == same
    others = [
        content(digest="e"),
        content(digest=None),
        content(text="u"),
        content(text=None),
        content(text=""),
        content(sentences=("s", "s")),
        content(tags=("b", "a")),
        content(tags=("ab",)),
        content(user="v"),
        content(user=None),
    ]
    assert len({same, *others}) == len(others) + 1
