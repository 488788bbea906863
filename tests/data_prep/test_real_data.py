"""Real posters and tags, through the whole build."""

from collections import Counter

import pytest

from data_prep.build import build, configuration
from kerasmm.data.dataset import open_dataset

pytestmark = pytest.mark.shared_data


def test_movielens_tags_are_those_that_people_gave(shared_data, tmp_path):
    films = [f"{number}" for number in range(1, 260) if (shared_data / f"movielens/posters/{number}.jpg").is_file()]
    (tmp_path / "ml" / "posters").mkdir(parents=True)
    for film in films:
        (tmp_path / "ml" / "posters" / f"{film}.jpg").symlink_to(shared_data / f"movielens/posters/{film}.jpg")
    for name in ("movies.dat", "tags.dat"):
        (tmp_path / "ml" / name).symlink_to(shared_data / "movielens" / name)
    config = configuration("movielens", "film", {"tags": {"most": 100}})
    manifest = build(
        config, "movielens", tmp_path / "data", folder=tmp_path / "ml", unit="film", follow_links=True, quiet=True
    )
    given: dict[str, set[str]] = {film: set() for film in films}
    for line in (shared_data / "movielens/tags.dat").read_text(encoding="utf-8").splitlines():
        _, film, tag, _ = line.split("::")
        if film in given:
            given[film].add(" ".join(tag.casefold().split()))
    counts = Counter(tag for tags in given.values() for tag in tags)
    dataset = open_dataset(tmp_path / "data")
    words = dataset.vocabulary("tags")
    # Equal counts at the edge are cut by the alphabet, so compare what can't depend on it.
    assert sorted((counts[word] for word in words), reverse=True) == [count for _, count in counts.most_common(100)]
    posts = {post.id: post for split in manifest.splits for post in dataset.posts(split)}
    kept = {film for film, tags in given.items() if tags & set(words)}
    assert len(posts) == len(kept)
    assert Counter(frozenset(post.tags) for post in posts.values()) == Counter(
        frozenset(given[film] & set(words)) for film in kept
    )
    assert manifest.records("test") == int(0.2 * len(kept) + 0.5)
    for post in dataset.posts("train"):
        assert 0 < len(post.links) <= 50
        assert all(set(posts[link].labels) & set(post.labels) for link in post.links)
