"""Which stages webly has, and what is said of a collapse."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.systems.webly.world import (
    made,
    stages_of,
)


def test_warm_up_ends_at_its_epoch(clean):
    # Of three epochs a share of 0.6 is 1.8, two of them.
    for changes, hardest in ((["loss.warm_up=0.6"], [False, False, True]), (["loss.warm_up=0"], [True, True, True])):
        *_, stages = stages_of(clean, "training.epochs=3", *changes)
        for epoch, wanted in enumerate(hardest):
            for _, targets in stages["clean"].batches(epoch, 0):
                assert set(targets["hardest"].numpy().tolist()) == {wanted}


def test_the_stages_are_the_papers(clean, web):
    changes = (f"web.data={web}", "web.control=true", "training.epochs=21", "web.epochs=3")
    steps = ("schedule=step", "step_epochs=10", "learning_rate=0.0002")
    webly, model, _, stages = stages_of(clean, *changes, *(f"training.optimizer.{one}" for one in steps))
    assert [(stage.name, stage.weights, stage.start, stage.offered) for stage in stages.values()] == [
        ("clean", "clean", None, True),
        ("web", "web", "clean", True),
        ("control", "control", "clean", False),
    ]
    assert set(webly.other_weights) == set(stages)
    assert [stage.terms for stage in stages.values()] == [("sentence_loss", "tag_loss"), ("tag_loss",), ("tag_loss",)]
    assert {stage.clip_norm for stage in stages.values()} == {2.0}
    rate = stages["clean"].optimizer()
    for step, wanted in ((0, 2e-4), (49, 2e-4), (50, 2e-5), (100, 2e-6)):
        rate.iterations.assign(step)
        assert float(rate.learning_rate) == pytest.approx(wanted)
    for name in ("web", "control"):
        assert float(stages[name].optimizer().learning_rate) == pytest.approx(2e-5)
        trained = {variable.path for variable in stages[name].model.trainable_variables}
        assert trained == {f"{kind}_embedding_1/{part}" for kind in ("image", "tag") for part in ("kernel", "bias")}
        # The model's own variables, not copies.
        own = {id(variable) for variable in model.trainable_variables}
        assert {id(variable) for variable in stages[name].model.trainable_variables} <= own


def test_without_a_web_there_is_one_stage(clean):
    webly, _, _, stages = stages_of(clean)
    assert [(stage.weights, stage.start) for stage in stages.values()] == [("best", None)]
    assert webly.other_weights == ()
    *_, stages = stages_of(clean, "loss.tag_weight=0")
    assert stages["clean"].terms == ("sentence_loss",)


def test_a_collapse_is_said_and_nothing_else(clean):
    _, _, _, stages = stages_of(clean, "training.epochs=4", "loss.warm_up=0.5", "loss.sentence_weight=0.5")
    watch = stages["clean"].watch
    webly, _ = made(clean)
    equal = {name: tf.ones((16, 3)) / np.sqrt(3) for name in ("image", "sentence", "tags")}
    targets = {"picture": tf.range(16), "tag_text": tf.range(16), "hardest": tf.fill((16,), 1)}
    loss = float(webly.objective(targets, equal, 0.5, 1.0)["sentence_loss"])
    # 2 · 0.2 a pair, 16 pairs, λ1 = 0.5.
    assert loss == pytest.approx(2 * 0.2 * 16 * 0.5, rel=1e-4)
    said = watch(2, {"loss": 9.0, "sentence_loss": loss, "tag_loss": 0.0})
    assert said.startswith(
        "the hardest-negative loss stands at 2 × margin × batch = 3.2, as where all similarities are equal"
    )
    # Not in the warm-up, not with a smaller or a larger loss.
    assert watch(1, {"sentence_loss": loss}) is None
    assert watch(3, {"sentence_loss": 0.95 * loss}) is None
    assert watch(3, {"sentence_loss": 1.05 * loss}) is None
    *_, stages = stages_of(clean, "loss.negatives=sum", "loss.warm_up=0")
    assert stages["clean"].watch(3, {"sentence_loss": 1e9}) is None
