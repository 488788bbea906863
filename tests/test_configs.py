from __future__ import annotations

from pathlib import Path

import pytest

from kerasmm import compare, fit
from kerasmm.console import UserError
from kerasmm.named_configs import config_help, config_names, find_config
from kerasmm.systems import system
from kerasmm.systems.config import load_config

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*/*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_configuration_is_one_of_its_system_and_varies_something(path):
    kind = system(path.parent.name)
    assert load_config(kind.Config, path) != kind.Config()
    assert find_config(path.parent.name, Path(path.stem)).samefile(path)


def test_the_papers_configuration_is_there():
    assert "paper" in {path.stem for path in CONFIGS}


@pytest.mark.parametrize("stem", ["vgg16", "resnet50"])
def test_the_papers_loss_stays_that_of_its_settings(stem):
    """While the default, also on few posts, is the one that was measured best."""
    kind = system("cmem")
    losses = [load_config(kind.Config, ROOT / f"configs/cmem/{name}.yaml").loss.name for name in (stem, "few_posts")]
    assert [*losses, kind.Config().loss.name] == ["plsp", "lsep", "lsep"]


@pytest.mark.parametrize(("stem", "row"), [("triplet", "DMAN_Triplet"), ("triplet_text", "DMAN_Triplet+Text")])
def test_the_ablations_are_those_that_compare_trains(stem, row):
    kind = system("dman")
    (path,) = (path for path in CONFIGS if path.stem == stem and path.parent.name == "dman")
    changes = [f"{key}={value}" for key, value in kind.variants[row].items()]
    assert load_config(kind.Config, path) == load_config(kind.Config, None, changes)


def test_the_folder_at_the_root_is_the_packages():
    assert (ROOT / "configs").readlink() == Path("kerasmm/configs")


def test_a_file_wins_over_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = find_config("dman", Path("few_posts"))
    assert named.is_file() and named.name == "few_posts.yaml"
    Path("few_posts").write_text("training: {epochs: 3}\n")
    assert find_config("dman", Path("few_posts")) == Path("few_posts")
    Path("paper").mkdir()
    assert find_config("dman", Path("paper")).name == "paper.yaml"
    assert find_config("dman", None) is None


@pytest.mark.parametrize("asked", ["few_post", "elsewhere/few_post.yaml"])
@pytest.mark.parametrize("command", [fit, compare])
def test_a_name_that_there_is_not_is_one_line(command, asked, tmp_path):
    arguments = ["--model", "dman", "--config", asked, "--data", str(tmp_path), "--quiet"]
    arguments += ["--output", str(tmp_path / "out")]
    with pytest.raises(UserError) as raised:
        command.main(arguments)
    names = ", ".join(config_names("dman"))
    assert str(raised.value) == (
        f"--config {asked}: no such file, and no configuration of dman; there are: {names}. Did you mean 'few_posts'?"
    )


def test_a_name_of_another_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="no configuration of webly; there are: .*vsepp"):
        find_config("webly", Path("few_posts"))


@pytest.mark.parametrize("command", [fit, compare])
def test_the_help_names_all_of_them(command):
    shown = " ".join(command.parser().format_help().split())
    for model in {path.parent.name for path in CONFIGS}:
        assert f"{model}: {', '.join(sorted(path.stem for path in CONFIGS if path.parent.name == model))}" in shown
    assert config_help().startswith("a YAML file")
