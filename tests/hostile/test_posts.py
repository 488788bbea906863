"""Posts of a stranger's: read, counted or refused in a line, in seconds, and from their folder only."""

import resource

import pytest

from data_prep.clean.clean import clean_words
from data_prep.draft import Draft
from data_prep.sources.posts import Posts
from kerasmm.console import UserError
from tests.data_prep.sources.command import read
from tests.hostile.recipes import recipes, written

READ = {
    # Recipe: how many posts there are, and how many rejects.
    "quotes-that-never-close": (0, 30_000),
    "a-line-of-fifty-megabytes": (0, 1),
    "a-hundred-thousand-columns": (1, 0),
    "deep": (0, 2),
    "words-without-end": (7, 0),
    "places-outside": (0, 7),
    "links-to-nobody": (9, 0),
}


@pytest.mark.parametrize("name", READ)
def test_posts_are_read_or_counted(tmp_path, name):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    drafts, rejects = read(Posts(written(f"posts/{name}", tmp_path), None, tmp_path))
    assert (len(drafts), len(rejects)) == READ[name]
    for draft in drafts.values():
        assert isinstance(clean_words(draft), Draft)
    # As they were, these took minutes; of processor time, and with a lot to spare.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 60


def test_a_record_without_end_costs_its_lines(tmp_path, monkeypatch):
    from data_prep.sources import lines

    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1 << 16)
    (folder := tmp_path / "in").mkdir()
    (folder / "posts.csv").write_text('id,text\n1,"' + "words\n" * 40_000, "utf-8")
    drafts, rejects = read(Posts(folder, None, tmp_path))
    assert not drafts and rejects


@pytest.mark.parametrize("name", ["a-link-for-posts", "a-pipe-for-posts"])
def test_what_is_no_file_of_the_folder_is_refused(tmp_path, name):
    with pytest.raises(UserError) as caught:
        Posts(written(f"posts/{name}", tmp_path), None, tmp_path)
    assert "posts.jsonl" in str(caught.value) and "\n" not in str(caught.value)


def test_every_recipe_of_posts_is_tried():
    tried = {*READ, "a-link-for-posts", "a-pipe-for-posts", "one-endless-record"}
    assert {name.removeprefix("posts/") for name in recipes() if name.startswith("posts/")} == tried
