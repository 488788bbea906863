from __future__ import annotations

import pytest

from kerasmm.console import UserError
from kerasmm.systems import names, system
from kerasmm.systems.config import load_config
from kerasmm.systems.dman.system import DMANConfig as Config


def test_defaults_are_the_papers_but_for_the_balance_of_the_losses():
    config = load_config(Config)
    assert (config.loss.margin, config.loss.negatives, config.loss.positive_weight) == (0.3, 3, 10)
    assert config.network.units == (128, 32, 1)
    optimizer = config.training.optimizer
    assert (optimizer.name, optimizer.momentum, optimizer.nesterov) == ("sgd", 0.9, True)
    # Words move as with the paper's rate of 0.01 and β of 1.
    assert optimizer.learning_rate * config.loss.beta == pytest.approx(0.01)


def test_a_section_that_names_one_key_keeps_the_systems_other_defaults(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("training: {optimizer: {momentum: 0.5}}\n")
    default = Config()
    config = load_config(Config, path, ["training.epochs=3"])
    assert config.training.optimizer == default.training.optimizer.model_copy(update={"momentum": 0.5})
    assert config.training == default.training.model_copy(update={"epochs": 3, "optimizer": config.training.optimizer})
    assert (config.network, config.loss) == (default.network, default.loss)


def test_later_is_stronger(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("training: {epochs: 3, batch_size: 8}\nloss: {beta: 0.5}\n")
    config = load_config(Config, path, ["training.epochs=7", "encoder.name=vgg16", "network.units=[16, 1]"])
    assert config.training.epochs == 7
    assert config.training.batch_size == 8
    assert config.loss.beta == 0.5
    assert config.encoder.name == "vgg16"
    assert config.network.units == (16, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training: {epoch: 3}", r"c.yaml: unknown key `training.epoch`. Did you mean 'training.epochs'\?"),
        ("los: {beta: 3}", r"unknown key `los`. Did you mean 'loss'\?"),
        ("loss: {beta: -1}", r"`loss.beta`: Input should be greater than or equal to 0. Received: -1"),
        ("training: {epochs: many}", r"`training.epochs`: Input should be a valid integer.*Received: 'many'"),
        ("[1, 2]", r"c.yaml: expected a mapping of keys to values. Received: list"),
        ("a: [", r"c.yaml:1: not valid YAML"),
    ],
)
def test_says_which_key_is_wrong(tmp_path, text, message):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        load_config(Config, path)


@pytest.mark.parametrize("change", ["training.epochs", "=3", "training.epochs.x=3", "loss.beta=["])
def test_refuses_malformed_changes(change):
    with pytest.raises(UserError, match="--set"):
        load_config(Config, None, ["training.epochs=3", change])


def test_no_such_file(tmp_path):
    with pytest.raises(UserError, match=r"nope.yaml: no such configuration file"):
        load_config(Config, tmp_path / "nope.yaml")


def test_every_named_system_is_there():
    assert [system(name).name for name in names()] == list(names())
    with pytest.raises(UserError, match="unknown model 'dmn'.*Did you mean 'dman'"):
        system("dmn")
