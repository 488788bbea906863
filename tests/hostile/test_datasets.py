"""Edited data sets are read, or refused in a line that names the file."""

from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from tests.hostile.recipes import written


def test_edited_manifests(tmp_path):
    refused = 0
    for folder in sorted(written("datasets/edited-manifests", tmp_path).iterdir()):
        try:
            dataset = open_dataset(folder)
            for name in dataset.manifest.vocabularies:
                dataset.vocabulary(name)
            for split in dataset.manifest.splits:
                assert sum(1 for _ in dataset.posts(split)) <= 4
        except UserError as error:
            refused += 1
            said = str(error)
            assert said.startswith(str(folder)) and "\n" not in said and len(said) < 1000, said[:300]
    assert refused > 40


def test_a_record_of_junk_is_left_out(tmp_path, capsys):
    dataset = open_dataset(written("datasets/a-record-of-junk", tmp_path))
    assert [post.id for post in dataset.posts("train")] == ["post-0", "post-2", "post-3"]
    assert "without 1 of its records" in capsys.readouterr().err


def test_manifests_that_are_no_files(tmp_path):
    for folder in written("datasets/manifests-that-are-no-files", tmp_path).iterdir():
        try:
            open_dataset(folder)
        except UserError as error:
            assert str(folder) in str(error) and "\n" not in str(error)
        else:
            raise AssertionError(folder.name)
