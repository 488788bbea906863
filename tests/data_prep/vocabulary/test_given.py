"""New posts in the words of an old data set."""

import dataclasses

import pytest

from data_prep.build import configuration
from data_prep.config import BuildConfig
from data_prep.draft import Draft
from data_prep.sources import SOURCES
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.data.post import Post
from tests.data_prep.world import build_world, random_drafts
from tests.tiny import COLOURS, LABELS, tiny_posts, write_dataset


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A data set of colours, in which tags became labels."""
    folder = write_dataset(tmp_path_factory.mktemp("old") / "data", {"train": tiny_posts(3, 1, features=False)})
    config = {**BuildConfig().model_dump(mode="json"), "annotate": {"labels_from_tags": 3}, "needs": ["tags", "labels"]}
    read_manifest(folder).model_copy(update={"config": config}).write(folder)
    return folder


def test_every_new_post_with_a_picture_is_kept_in_the_old_words(old, tmp_path, rng):
    tags = [tuple(rng.choice([*COLOURS, "tag"], 3, replace=False).tolist()) for _ in range(9)]
    drafts = random_drafts(tmp_path / "pictures", 9, rng, tags=tags.__getitem__)
    picture = drafts[0].picture
    copy = dataclasses.replace(drafts[1], post=dataclasses.replace(drafts[1].post, id="copy"))
    strange = Draft(Post(id="strange", tags=("never seen",), labels=("nor this",)), picture=picture)
    bare = Draft(Post(id="bare", text="no tag"), picture=picture)
    told = Draft(Post(id="told", tags=("red",)))
    everything = [*drafts, copy, strange, bare, told, drafts[2]]
    manifest = build_world(tmp_path, everything, {"vocabularies_of": str(old), "max_rejects": 0.5})
    dataset, words = open_dataset(tmp_path / "data"), open_dataset(old)
    posts = {post.id: post for post in dataset.posts("train")}
    assert set(posts) == {draft.post.id for draft in drafts} | {"copy", "strange", "bare"}
    assert list(manifest.splits) == ["train"] and manifest.dropped == {
        "duplicates": {"id seen before": 1},
        "image": {"no picture": 1},
    }
    for name in ("tags", "labels"):
        assert dataset.vocabulary(name) == words.vocabulary(name)
    assert posts["strange"].tags == posts["strange"].labels == ()
    for draft in drafts:
        assert posts[draft.post.id].tags == tuple(tag for tag in draft.post.tags if tag in COLOURS)
        # What became a label in the old set does so here.
        assert set(posts[draft.post.id].labels) == {*draft.post.labels, *draft.post.tags} & set(LABELS)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_no_source_drops_posts_that_have_a_picture(old, source):
    config = configuration(source, None, {"vocabularies_of": str(old)})
    assert config.needs == ["image"] and config.annotate.labels_from_tags == 3
    assert config.prune.language is None and not config.prune.junk and config.prune.near_duplicates is None
    assert config.split.method == "random" and config.split.test == config.split.validation == 0


def test_what_is_given_wins(old):
    given = {"vocabularies_of": str(old), "needs": ["text"], "split": {"test": 0.5}, "prune": {"words": 2}}
    config = configuration("twitter", None, given)
    assert config.needs == ["text"] and config.split.test == 0.5 and config.split.validation == 0.1
    assert config.prune.words == 2 and config.prune.language is None


def test_words_are_not_cut_and_taken(old):
    with pytest.raises(UserError, match="`tags` cuts a vocabulary"):
        configuration("posts", None, {"vocabularies_of": str(old), "tags": {"most": 3}})


def test_says_where_no_data_set_is(tmp_path):
    with pytest.raises(UserError, match="no data set here"):
        configuration("posts", None, {"vocabularies_of": str(tmp_path)})
