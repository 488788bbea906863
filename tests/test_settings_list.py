"""The list of settings, as functions and as `--list-settings`."""

import sys
from typing import Annotated, Literal

import pytest
from pydantic import Field

from data_prep.__main__ import main as data_prep
from data_prep.config import BuildConfig
from kerasmm.console import guarded
from kerasmm.fit import main as fit
from kerasmm.settings import Section
from kerasmm.settings_list import listed, print_settings
from kerasmm.systems import names, system


class Oven(Section):
    """What it is
    baked in."""

    heat: float = Field(default=180, gt=0, le=300)
    """Degrees."""
    fan: bool | None = None


class Size(Section):
    """How large."""

    rows: int = Field(ge=1)
    """Of slices."""


class Cake(Section):
    oven: Oven = Oven(heat=200)
    size: Size | None = None
    """Empty: as large as
    the tin."""
    kinds: list[Literal["apple", "plum"]] = ["apple"]
    """What is on it."""
    layers: tuple[int, ...] = (1, 2)
    """Thick ones."""
    candles: list[Annotated[int, Field(ge=1, le=99)]] = []
    name: str = ""


def rows(config):
    return [(setting.key, setting.default, setting.values, setting.meaning) for setting in listed(config)]


def test_every_key_of_a_class_is_listed_with_its_default_and_its_docstring():
    assert rows(Cake) == [
        ("oven", "", "a section", "What it is baked in."),
        ("oven.heat", "200.0", "number > 0, ≤ 300", "Degrees."),
        ("oven.fan", "null", "true or false, or null", ""),
        ("size", "null", "a section, or null", "Empty: as large as the tin."),
        ("size.rows", "", "integer ≥ 1", "Of slices."),
        ("kinds", "[apple]", "list of apple, plum", "What is on it."),
        ("layers", "[1, 2]", "list of integer", "Thick ones."),
        ("candles", "[]", "list of integer ≥ 1, ≤ 99", ""),
        ("name", "''", "text", ""),
    ]


def test_a_configuration_is_listed_with_its_values():
    listing = {key: value for key, value, _, _ in rows(Cake(size=Size(rows=3), kinds=["plum", "apple"], name="a: b"))}
    assert (listing["size"], listing["size.rows"]) == ("", "3")
    assert (listing["kinds"], listing["name"]) == ("[plum, apple]", "'a: b'")


def test_a_pipe_gets_a_line_a_key_and_a_terminal_a_table(capsys, monkeypatch):
    print_settings(listed(Cake))
    assert "oven.heat\t200.0\tnumber > 0, ≤ 300\tDegrees." in capsys.readouterr().out.splitlines()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    print_settings(listed(Cake))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["key", "default", "values", "meaning"]
    (heat,) = (line for line in lines if "oven.heat" in line)
    assert heat.split() == ["oven.heat", "200.0", "number", ">", "0,", "≤", "300", "Degrees."]


@pytest.mark.parametrize("config", [BuildConfig, *(system(name).Config for name in names())])
def test_no_key_lacks_a_meaning(config):
    assert [setting.key for setting in listed(config) if not setting.meaning] == []


def printed(main, arguments, capsys):
    """Key → value, of what a command lists."""
    assert guarded(main, arguments) == 0
    return {line.split("\t")[0]: line.split("\t")[1] for line in capsys.readouterr().out.splitlines()}


def test_fit_lists_a_systems_settings_and_does_nothing_else(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("training: {epochs: 3}\n")
    listing = printed(fit, ["--model", "dman", "--list-settings"], capsys)
    assert (listing["training.epochs"], listing["network.units"]) == ("12", "[128, 32, 1]")
    listing = printed(
        fit, ["--model", "dman", "--list-settings", "--config", "own.yaml", "--set", "loss.beta=1"], capsys
    )
    assert (listing["training.epochs"], listing["loss.beta"]) == ("3", "1.0")
    named = printed(fit, ["--model", "cmem", "--list-settings", "--config", "few_posts"], capsys)
    assert named["training.epochs"] != printed(fit, ["--model", "cmem", "--list-settings"], capsys)["training.epochs"]
    assert guarded(fit, ["--list-settings"]) == 2
    assert "--model dman" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["own.yaml"]


def test_a_build_lists_the_settings_of_its_source(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plain = printed(data_prep, ["build", "--list-settings"], capsys)
    assert (plain["tags.most"], plain["needs"], plain["split.method"]) == ("1000", "[image, tags]", "random")
    own = printed(data_prep, ["build", "--list-settings", "--source", "flickr8k", "--set", "seed=4"], capsys)
    # As the source's file says: sentences in place of tags, split as published.
    assert (own["needs"], own["split.method"], own["seed"]) == ("[image, sentences]", "published", "4")
    assert guarded(data_prep, ["build", "--list-settings", "--set", "seeds=4"]) == 2
    assert "Did you mean 'seed'?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
