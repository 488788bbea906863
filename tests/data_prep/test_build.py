"""The whole build, from drafts to a data set that readers accept."""

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data_prep.clean.pictures import check_picture
from data_prep.draft import Draft
from data_prep.missing import lost_links
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import read_manifest
from kerasmm.data.post import Post
from tests.data_prep.world import build_world, picture_bytes, random_drafts

CONFIG = {"tags": {"most": 8}, "shard_records": 16, "max_rejects": 0.5}


def spoilt(folder, drafts):
    """Drafts with something of everything that can go wrong."""
    bad = folder / "bad.jpg"
    bad.write_bytes(b"text")
    again = dataclasses.replace(drafts[0], post=dataclasses.replace(drafts[0].post, id="copy"))
    return [
        *drafts,
        "not valid",
        Draft(Post(id="bad", tags=("tag0",)), picture=str(bad)),
        Draft(Post(id="absent", tags=("tag0",)), picture=str(folder / "absent.jpg")),
        Draft(Post(id="none", tags=("tag0",))),
        Draft(Post(id="untagged"), picture=drafts[1].picture),
        Draft(Post(id="rare", tags=("seen once",)), picture=drafts[2].picture),
        again,
        drafts[3],
        Draft(Post(id="empty")),
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A built data set, with the drafts it was built from."""
    folder = tmp_path_factory.mktemp("build")
    drafts = random_drafts(folder / "pictures", 70, np.random.default_rng(5), text=lambda n: f"Post  No {n}", user=str)
    return folder, drafts, build_world(folder, spoilt(folder, drafts), CONFIG, command=["python", "-m", "data_prep"])


def test_every_post_is_in_the_data_set_or_in_the_list_of_rejects(world):
    folder, drafts, manifest = world
    dataset = open_dataset(folder / "data")
    posts = {post.id: post for split in manifest.splits for post in dataset.posts(split)}
    rejects = [json.loads(line) for line in (folder / "data" / "rejects.jsonl").read_text().splitlines()]
    kept = {d.post.id for d in drafts}
    no_tag = {r["where"] for r in rejects if r["reason"] == "no tag in the vocabulary"}
    assert set(posts) == kept - no_tag
    assert len(posts) + len(rejects) == len(spoilt(folder, drafts)) == manifest.statistics["posts_seen"]
    reasons = {r["where"]: (r["step"], r["reason"], r["bad"]) for r in rejects}
    assert reasons["drafts.jsonl:71"] == ("source", "not a draft", True)
    assert reasons["bad"] == ("image", "not a JPEG, PNG, GIF, WebP or BMP", True)
    assert reasons["absent"] == ("image", "missing file", True)
    assert reasons["none"] == ("image", "no picture", False)
    assert reasons["untagged"] == ("needs", "no tags", False)
    assert reasons["rare"] == ("vocabulary", "no tag in the vocabulary", False)
    assert reasons["post 3"] == ("duplicates", "id seen before", True)
    assert reasons["copy"] == ("duplicates", "same picture, texts, tags and author as another post", False)
    assert reasons["empty"] == ("text", "empty post", False)
    counted = Counter((r["step"], r["reason"]) for r in rejects)
    assert {(step, reason): n for step, of in manifest.dropped.items() for reason, n in of.items()} == counted


def test_posts_hold_what_the_drafts_said(world):
    folder, drafts, manifest = world
    dataset = open_dataset(folder / "data")
    tags, labels = dataset.vocabulary("tags"), dataset.vocabulary("labels")
    sources = {draft.post.id: draft for draft in drafts}
    training = {post.id: post for post in dataset.posts("train")}
    for split in manifest.splits:
        for post in dataset.posts(split):
            source = sources[post.id]
            assert post.image == Path(source.picture).read_bytes()
            assert post.text == source.post.text.lower().replace("  ", " ")
            assert post.tags == tuple(t for t in source.post.tags if t in tags)
            assert post.labels == tuple(x for x in source.post.labels if x in labels)
            assert (post.user, post.time, post.sentences) == (source.post.user, None, ())
            assert bool(post.links) == (split == "train")
            assert all(link in training and set(training[link].labels) & set(post.labels) for link in post.links)


def test_the_manifest_tells_the_truth(world):
    folder, _, manifest = world
    assert manifest == read_manifest(folder / "data")
    dataset = open_dataset(folder / "data")
    total = sum(map(manifest.records, manifest.splits))
    assert manifest.records("test") == int(0.2 * total + 0.5)
    assert manifest.records("validation") == int(0.1 * (total - manifest.records("test")) + 0.5)
    for split, shards in manifest.splits.items():
        names = [f"{split}-{n:05d}-of-{len(shards):05d}.tfrecord" for n in range(len(shards))]
        assert [shard.name for shard in shards] == names
        posts = list(dataset.posts(split))
        assert manifest.fields[split] == Counter(field for post in posts for field in post.fields())
        assert manifest.statistics[f"{split}/tags"] == sum(len(post.tags) for post in posts)
    on_disk = {path.name for path in (folder / "data").iterdir()}
    files = [
        *manifest.files,
        *manifest.vocabularies.values(),
        *(s for shards in manifest.splits.values() for s in shards),
    ]
    assert on_disk == {"dataset.json", *(file.name for file in files)}
    for file in files:
        content = (folder / "data" / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    assert manifest.config["tags"]["most"] == 8 and manifest.config["users"] is None
    assert manifest.command == ["python", "-m", "data_prep"]
    assert not list(folder.glob(".*"))


def test_the_same_input_and_seed_give_the_same_bytes(world, tmp_path):
    folder, drafts, _ = world
    build_world(tmp_path / "again", spoilt(folder, drafts), CONFIG, command=["python", "-m", "data_prep"])
    for path in (folder / "data").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / "data" / path.name).read_bytes(), path.name
    other = build_world(tmp_path / "other", spoilt(folder, drafts), {**CONFIG, "seed": 1})
    shards = [shard.sha256 for shard in other.splits["train"]]
    assert shards != [shard.sha256 for shard in read_manifest(folder / "data").splits["train"]]


def test_another_picture_format_is_stored_as_rgb(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture_bytes((0, 0, 200), kind="WEBP"))
    (tmp_path / "b.png").write_bytes(picture_bytes((0, 200, 0)))
    drafts = [Draft(Post(id=name, tags=("t",)), picture=str(tmp_path / name)) for name in ("a.jpg", "b.png")]
    build_world(tmp_path, drafts, {"split": {"test": 0.0, "validation": 0.0}})
    stored = {post.id: post.image for post in open_dataset(tmp_path / "data").posts("train")}
    assert stored["a.jpg"] == check_picture(tmp_path / "a.jpg", 50_000_000)[0]
    assert stored["b.png"] == (tmp_path / "b.png").read_bytes()


def test_posts_without_pictures(tmp_path):
    drafts = [Draft(Post(id=str(n), text=f"text {n}", tags=("t",))) for n in range(10)]
    manifest = build_world(tmp_path, drafts, {"image": {"required": False}, "needs": ["text"]})
    assert (manifest.records("train"), manifest.fields["train"].get("image/encoded")) == (7, None)


def test_links_of_the_source_win_over_shared_labels(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 30, rng, links=lambda n: (f"post {(n + 1) % 30}", "stranger"))
    build_world(tmp_path, drafts, {})
    training = {post.id: post.links for post in open_dataset(tmp_path / "data").posts("train")}
    for post_id, links in training.items():
        next_one = f"post {(int(post_id.split()[1]) + 1) % 30}"
        labels = dict(zip((d.post.id for d in drafts), (d.post.labels for d in drafts), strict=True))
        if next_one in training:
            assert links == (next_one,)
        else:
            # Which leads nowhere, so that its labels link it.
            assert all(set(labels[link]) & set(labels[post_id]) for link in links)


def test_a_bogus_link_leaves_the_links_by_label_alone(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 30, rng)
    plain = build_world(tmp_path / "plain", drafts, CONFIG)
    place = int(rng.integers(30))
    drafts[place] = drafts[place].with_post(links=("nobody", "nobody", "no one"))
    bogus = build_world(tmp_path / "bogus", drafts, CONFIG)
    assert "links/given" not in plain.statistics
    found, wanted = (
        {p.id: p.links for p in open_dataset(tmp_path / name / "data").posts("train")} for name in ("bogus", "plain")
    )
    assert found == wanted and any(wanted.values())
    given = 2 if drafts[place].post.id in wanted else 0
    assert [bogus.statistics.get(f"links/{name}", 0) for name in ("given", "to_no_post", "to_other_splits")] == [
        given,
        given,
        0,
    ]
    assert [
        line.startswith(f"links that the source gave for training posts: {given};") for line in lost_links(bogus)
    ] == [True] * (given > 0)


def test_no_links(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 20, rng)
    manifest = build_world(tmp_path, drafts, {"links": {"most": 0}})
    assert "links" not in manifest.fields["train"]


def test_time_split_reports_unseen_groups_apart(tmp_path, rng):
    drafts = random_drafts(
        tmp_path / "pictures", 60, rng, user=lambda n: f"u{n % 6}", time=lambda n: n, group=lambda n: f"film {n // 2}"
    )
    manifest = build_world(tmp_path, drafts, {"split": {"method": "time"}, "tags": {"most": None}})
    assert list(manifest.splits) == ["train", "validation", "test_unseen"]
    # Ten acts a user: two test, one of the remaining eight validation. Films come in pairs of neighbours in time.
    assert [manifest.records(split) for split in manifest.splits] == [42, 6, 12]


def test_one_group_can_not_be_split(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 10, rng, group=lambda n: "film")
    with pytest.raises(UserError, match="none is left for training"):
        build_world(tmp_path, drafts, {"split": {"test": 0.6}})
    assert build_world(tmp_path, drafts, {"split": {"test": 0.3}}).records("train") == 10


def test_an_output_behind_a_link(tmp_path, rng):
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    build_world(tmp_path, random_drafts(tmp_path / "pictures", 5, rng), {})
    assert read_manifest(tmp_path / "disk").records("train") == 4
    assert (tmp_path / "data").is_symlink()


def test_too_much_bad_input_stops_the_build_and_says_why(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 8, rng)
    for draft in drafts[:3]:
        Path(draft.picture).write_bytes(b"text")
    Path(drafts[3].picture).write_bytes(b"")
    with pytest.raises(UserError) as error:
        build_world(tmp_path, [*drafts, "junk"], {"max_rejects": 0.2})
    message = str(error.value)
    assert "5 of 9 posts are bad input (56%), above `max_rejects` (20%)" in message
    assert "image: not a JPEG, PNG, GIF, WebP or BMP (3)" in message
    listed = tmp_path / "data.rejects.jsonl"
    assert str(listed) in message
    assert len(listed.read_text().splitlines()) == 5
    assert not (tmp_path / "data").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", "world", "data.rejects.jsonl"}
    build_world(tmp_path, [*drafts, "junk"], {"max_rejects": 0.6})
    assert not listed.exists()


def test_an_input_without_anything_usable_names_the_field(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 5, rng, labels=lambda n: ())
    with pytest.raises(UserError, match=r"no post is left of 5: needs: no labels \(5\). Change `needs`"):
        build_world(tmp_path, drafts, {"needs": ["image", "labels"]})
    with pytest.raises(UserError, match="no user"):
        build_world(tmp_path, drafts, {"split": {"method": "time"}})
    with pytest.raises(
        UserError, match="no post is in a published training split; choose another with `--split random`"
    ):
        build_world(tmp_path, drafts, {"split": {"method": "published"}})
    with pytest.raises(UserError, match="has no posts; expected drafts.jsonl"):
        build_world(tmp_path, [], {})


def test_what_stands_at_the_output_is_not_lost_by_accident(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 12, rng)
    build_world(tmp_path, drafts, {})
    before = (tmp_path / "data" / "dataset.json").read_bytes()
    with pytest.raises(UserError, match="holds a data set already; `--overwrite` replaces it"):
        build_world(tmp_path, drafts, {"seed": 4})
    with pytest.raises(UserError, match="leave none for training"):
        build_world(tmp_path, drafts, {"split": {"method": "counts", "counts": {"test": 12}}}, overwrite=True)
    assert (tmp_path / "data" / "dataset.json").read_bytes() == before
    build_world(tmp_path, drafts, {"seed": 4}, overwrite=True)
    assert read_manifest(tmp_path / "data").config["seed"] == 4
    (tmp_path / "data" / "dataset.json").unlink()
    with pytest.raises(UserError, match="holds other files"):
        build_world(tmp_path, drafts, {}, overwrite=True)


def test_a_picture_that_changes_while_the_data_set_is_built(tmp_path, rng, monkeypatch):
    from data_prep import passes

    drafts = random_drafts(tmp_path / "pictures", 8, rng)

    def plan(*arguments):
        Path(drafts[0].picture).write_bytes(picture_bytes((9, 9, 9)))
        return original(*arguments)

    original = passes.plan
    monkeypatch.setattr(passes, "plan", plan)
    with pytest.raises(UserError, match=r"0\.png: changed while the data set was being built; build it again$"):
        build_world(tmp_path, drafts, {})


def test_sentences_have_pseudo_tags_beside_them_that_no_vocabulary_cuts(tmp_path):
    said = {"a": ("a dog runs", "so it is"), "b": ("cats",), "c": ()}
    drafts = [Draft(Post(id=name, tags=("t",), sentences=sentences)) for name, sentences in said.items()]
    config = {"image": {"required": False}, "needs": [], "split": {"test": 0.0, "validation": 0.0}, "tags": {"most": 1}}
    manifest = build_world(tmp_path, drafts, config)
    posts = {post.id: (post.tags, post.sentence_tags) for post in open_dataset(tmp_path / "data").posts("train")}
    assert posts == {"a": (("t",), ("dog run", "")), "b": (("t",), ("cat",)), "c": (("t",), ())}
    assert manifest.fields["train"]["sentences/tags"] == 2
    build_world(tmp_path / "off", drafts, {**config, "annotate": {"sentence_tags": False}})
    assert all(post.sentence_tags == () for post in open_dataset(tmp_path / "off" / "data").posts("train"))


def test_nothing_is_annotated_without_sentences(tmp_path, monkeypatch):
    from data_prep import passes

    monkeypatch.setattr(passes, "Annotate", None)
    drafts = [Draft(Post(id=name, text=name, tags=("t",))) for name in "abcdefghij"]
    config = {"image": {"required": False}, "needs": [], "annotate": {"nouns_as_tags": True}}
    assert build_world(tmp_path, drafts, config).records("train") == 7
