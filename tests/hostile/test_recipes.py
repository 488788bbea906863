"""Every recipe writes what it names, in its folder, at once."""

import time

from tests.hostile.__main__ import main
from tests.hostile.recipes import recipes


def test_every_recipe_writes_in_its_own_folder(tmp_path, capsys):
    begun = time.process_time()
    assert main([str(tmp_path / "all")]) == 0
    # Hostile files are small: that is what makes them hostile.
    assert time.process_time() - begun < 30
    assert [path.name for path in tmp_path.iterdir()] == ["all"]
    lines = capsys.readouterr().out.splitlines()
    for name, line in zip(recipes(), lines, strict=True):
        assert line.startswith(str(tmp_path / "all" / name))


def test_one_kind_of_recipes(tmp_path, capsys):
    assert main(["--list", "--only", "requests/"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed and all(line.startswith("requests/") and len(line.split(maxsplit=1)) == 2 for line in listed)
    assert main([str(tmp_path), "--only", "requests/deep"]) == 0
    assert [path.name for path in (tmp_path / "requests").iterdir()] == ["deep"]
