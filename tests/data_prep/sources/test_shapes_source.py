import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.draft import Draft
from data_prep.sources.shapes import truth
from data_prep.sources.shapes.source import POSTS, Shapes
from kerasmm.console import UserError

FEW = 60


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A few posts and the folder with their truth."""
    folder = tmp_path_factory.mktemp("shapes")
    source = Shapes(None, None, folder, posts=FEW)
    return list(source.posts()), folder, source.extras()


def test_the_same_call_gives_the_same_bytes(built, tmp_path):
    drafts, folder, extras = built
    source = Shapes(None, None, tmp_path, posts=FEW)
    for one, other in zip(drafts, source.posts(), strict=True):
        assert one.post == other.post
        assert Path(one.picture).read_bytes() == Path(other.picture).read_bytes()
    assert [path.read_bytes() for path in extras] == [path.read_bytes() for path in source.extras()]


def test_a_smaller_sample_is_the_beginning_of_a_larger_one(built, tmp_path):
    assert [draft.post for draft in Shapes(None, None, tmp_path, posts=7).posts()] == [
        draft.post for draft in built[0][:7]
    ]


def test_another_seed_is_another_world(built, tmp_path):
    others = [draft.post for draft in Shapes(None, None, tmp_path, posts=FEW, seed=8).posts()]
    assert not {post.text for post in others} & {draft.post.text for draft in built[0]}


def test_posts_have_every_field_but_links(built):
    drafts = built[0]
    assert len(drafts) == FEW and all(isinstance(draft, Draft) and draft.split is None for draft in drafts)
    assert len({draft.post.id for draft in drafts}) == FEW
    for draft in drafts:
        post = draft.post
        assert post.text and post.user and 2 <= len(post.sentences) <= 3 and len(post.labels) >= 2 and not post.links
        assert len(set(post.labels)) == len(post.labels)
        assert Image.open(draft.picture).size == (64, 64)
    times = [draft.post.time for draft in drafts]
    assert times == sorted(times) and len(set(times)) == FEW


def test_web_posts_are_others_without_sentences_and_labels(built, tmp_path):
    web = [draft.post for draft in Shapes(None, "web", tmp_path, posts=FEW).posts()]
    assert len(web) == FEW and not any(post.sentences or post.labels for post in web)
    assert sum(bool(post.tags) for post in web) > FEW / 2 and all(post.user for post in web)
    assert not {post.id for post in web} & {draft.post.id for draft in built[0]}
    assert {post.user for post in web} & {draft.post.user for draft in built[0]}


def test_truth_tells_about_every_post(built):
    drafts, folder, extras = built
    assert [path.name for path in extras] == ["truth.json", "truth.jsonl", "boxes.jsonl"]
    world, truths = truth.read_world(folder), truth.read_posts(folder)
    assert world["synthetic"] is True
    assert list(truths) == [draft.post.id for draft in drafts]
    for draft in drafts:
        told = truths[draft.post.id]
        assert draft.post.user == told.user and world["users"][told.user] == told.group
        classes = [told.background, *dict.fromkeys(thing.shape for thing in told.things)]
        assert list(draft.post.labels) == [*classes, *told.connotations]
        assert set(told.wrong_tags) <= set(draft.post.tags)
        assert set(told.connotations) <= set(world["connotations"])


def test_truth_is_plain_json(built):
    line = json.loads((built[1] / "truth.jsonl").read_text().splitlines()[0])
    assert set(line) == {"id", "user", "group", "background", "connotations", "things", "wrong_tags"}
    assert set(line["things"][0]) == {"shape", "colour", "texture", "word", "box"}
    assert all(0 <= edge <= 1 for edge in line["things"][0]["box"])


def test_boxes_are_where_the_colour_is(built):
    """Of all paints, the thing's own has most of its box."""
    paint = {"red": (218, 30, 40), "orange": (250, 135, 20), "yellow": (252, 224, 40)}
    paint |= {"green": (30, 165, 60), "blue": (35, 80, 220), "purple": (145, 40, 180)}
    drafts, folder, _ = built
    told = truth.read_posts(folder)
    for draft in drafts:
        picture = np.asarray(Image.open(draft.picture)).astype(float)
        near = {name: np.abs(picture - colour).max(axis=-1) < 40 for name, colour in paint.items()}
        for thing in told[draft.post.id].things:
            y0, x0, y1, x1 = (round(edge * 64) for edge in thing.box)
            shares = {name: mask[y0:y1, x0:x1].mean() for name, mask in near.items()}
            assert max(shares, key=shares.get) == thing.colour, (draft.post.id, thing)
            assert shares[thing.colour] > 0.08, (draft.post.id, thing)


def test_cells_are_those_under_the_box(rng):
    for _ in range(100):
        rows, columns = (int(n) for n in rng.integers(1, 9, 2))
        (y0, y1), (x0, x1) = np.sort(rng.integers(0, 64, (2, 2)) / 64, axis=1)
        if y0 == y1 or x0 == x1:
            continue
        thing = truth.ThingTruth("circle", "red", "plain", "redcircle", (y0, x0, y1, x1))
        # A fine raster: a cell is overlapped when a raster point of the box falls into it.
        fine = (np.arange(64 * 8) + 0.5) / (64 * 8)
        expected = {
            int(y * rows) * columns + int(x * columns)
            for y in fine[(fine > y0) & (fine < y1)]
            for x in fine[(fine > x0) & (fine < x1)]
        }
        assert thing.cells((rows, columns)) == expected


def test_a_folder_without_truth_says_so(tmp_path):
    with pytest.raises(UserError, match=r"truth\.jsonl: missing"):
        truth.read_posts(tmp_path)


def test_the_whole_sample_is_quick_to_plan(tmp_path):
    start = time.process_time()
    tags = [Shapes(None, None, tmp_path).plan(number).post.tags for number in range(0, POSTS, 10)]
    assert time.process_time() - start < 10
    assert sum(map(bool, tags)) > 0.98 * len(tags)
