import json

import numpy as np
import pytest

from data_prep.draft import Draft, Reject
from kerasmm.data.post import Post

ALPHABET = 'ab ü語😀\u2028"\\\n#,|'


def random_draft(rng):
    def word():
        return "".join(rng.choice(list(ALPHABET), rng.integers(1, 8)))

    def maybe(make):
        return make() if rng.random() < 0.5 else None

    def words():
        return tuple(word() for _ in range(rng.integers(0, 4)))

    sentences = words()
    post = Post(
        id=word(),
        text=maybe(word),
        sentences=sentences,
        tags=words(),
        labels=words(),
        user=maybe(word),
        time=maybe(lambda: int(rng.integers(-(2**63), 2**63 - 1))),
        links=words(),
        sentence_tags=maybe(lambda: tuple("" if rng.random() < 0.3 else word() for _ in sentences)) or (),
        keywords=words(),
    )
    split = maybe(lambda: str(rng.choice(["train", "validation", "test"])))
    return Draft(post, picture=maybe(word), split=split, group=maybe(word), digest=maybe(word))


def test_any_draft_survives_one_line_of_json(rng):
    for _ in range(200):
        draft = random_draft(rng)
        line = draft.to_json()
        assert "\n" not in line
        assert Draft.from_json(line) == draft
        assert Draft.from_json(line.encode()) == draft


def test_absent_fields_are_left_out():
    assert json.loads(Draft(Post(id="7")).to_json()) == {"post": {"id": "7"}}


def test_time_zero_is_not_absent():
    assert Draft.from_json(Draft(Post(id="7", time=0)).to_json()).post.time == 0


@pytest.mark.parametrize("post", [Post(id="7", image=b"x"), Post(id="7", features=np.zeros(2, "float16"))])
def test_pixels_do_not_travel(post):
    with pytest.raises(ValueError, match="must not carry"):
        Draft(post)


def test_unknown_split_is_named():
    with pytest.raises(ValueError, match="split='dev'"):
        Draft(Post(id="7"), split="dev")


def test_rejects_survive_one_line_of_json():
    reject = Reject("posts.jsonl:3", "source", "not valid JSON", "ü\n{", bad=False)
    assert "\n" not in reject.to_json()
    assert Reject.from_json(reject.to_json()) == reject
    assert Reject("7", "image", "truncated picture").bad
