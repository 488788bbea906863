"""The training of a run: its stages in order, epoch by epoch, from wherever the last checkpoint stands."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from rich.progress import Progress, TaskID

from kerasmm.console import UserError, nearest, progress
from kerasmm.data.dataset import Dataset
from kerasmm.runs.checkpoint import Checkpoint
from kerasmm.runs.diverged import all_finite, refuse_diverged
from kerasmm.runs.ending import why_monitor, write_ending
from kerasmm.runs.log import Log
from kerasmm.runs.run import BEST, Run, open_run
from kerasmm.runs.state import State
from kerasmm.runs.trainer import Trainer
from kerasmm.systems.system import Stage

Validate = Callable[[], dict[str, float]]


def train(
    run: Run, dataset: Dataset, validate: Validate, strategy: tf.distribute.Strategy, quiet: bool = False
) -> dict[str, float]:
    """Trains a run to its end and leaves the best weights in its model.

    Args:
        run: The run; its model must have been built under the strategy's scope.
        dataset: The data set.
        validate: Called after each epoch; its `monitor` metric picks the best weights.
        strategy: Where it trains.
        quiet: No progress bar.

    Returns:
        The validation figures of the best epoch.
    """
    state: dict[str, Any] = {"rows": [], "saves": 0, "steps": 0, "best": None, "figures": {}, "monitor": "", "why": ""}
    stages = run.system.stages(run.model, dataset)
    ends: dict[str, dict[str, Any]] = {}
    ended: dict[str, str] = {}
    for stage in stages:
        if stage.start is not None:
            run.load_weights(stage.start)
        state = _Fit(run, stage, validate, strategy, quiet).run_stage(state)
        ends[stage.weights] = {"best": state["best"], "figures": state["figures"]}
        ended[stage.name] = state.get("ended") or "reached its last epoch"
    if BEST not in ends:
        # The first of equals: what a later stage doesn't better stays as it was.
        chosen = max((stage.weights for stage in stages if stage.offered), key=lambda name: ends[name]["best"])
        run.load_weights(chosen)
        run.save_weights()
        ends[BEST] = ends[chosen]
    run.load_weights()
    write_ending(run.folder, state["monitor"], state["why"], ended)
    return dict(ends[BEST]["figures"])


class _Fit:
    """One stage of one run."""

    def __init__(
        self, run: Run, stage: Stage, validate: Validate, strategy: tf.distribute.Strategy, quiet: bool
    ) -> None:
        self.run, self.stage, self.validate, self.quiet = run, stage, validate, quiet
        self.settings = run.system.config.training
        with strategy.scope():
            optimizer = stage.optimizer()
            if self.settings.precision == "mixed_float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            optimizer.build(stage.model.trainable_variables)
            self.trainer = Trainer(stage)
            # XLA is slower here on CPU: recompiles for the last batch, and its matmuls don't use all cores.
            self.trainer.compile(optimizer=optimizer, jit_compile=False)
        self.checkpoint = Checkpoint(run.folder / "checkpoints" / stage.name, self.trainer, State)

    def run_stage(self, state: dict[str, Any]) -> dict[str, Any]:
        """Trains the stage from its checkpoint, or from `state` where there is none."""
        restored = self.checkpoint.restore()
        if restored is None:
            state = self._begun(state)
        else:
            if not all_finite(self.stage.model.variables):
                self._end(restored, "weights of the last checkpoint are no numbers")
            # One that an older version wrote knows only this metric.
            own = self.settings.monitor or (self.run.system.protocol.monitor if restored["best"] is not None else "")
            state = {"monitor": own, "why": "", **restored}
        log = Log(self.run.folder, state["rows"])
        with progress(self.quiet) as bar:
            task = bar.add_task(self.stage.name, total=self._steps_before(self.stage.epochs), note="")
            bar.update(task, completed=self._steps_before(state["epoch"]) + state["step"])
            if self.settings.monitor and not state["monitor"]:
                # A wrong name is said before an epoch is spent.
                self._monitor(state, self.validate(), bar)
            try:
                while state["epoch"] < self.stage.epochs and not state["finished"]:
                    self._epoch(state, log, bar, task)
            except KeyboardInterrupt:
                where = f"epoch {state['epoch'] + 1}/{self.stage.epochs}"
                bar.console.print(
                    f"{self.stage.name}: interrupted in {where}; `--resume` goes on from the last checkpoint",
                    soft_wrap=True,
                )
                raise
            if state.get("ended"):
                bar.console.print(f"{self.stage.name}: {state['ended']}", soft_wrap=True)
        return state

    def _steps_before(self, epoch: int) -> int:
        return sum(map(self.stage.steps, range(epoch)))

    def _begun(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state of a stage at its first step."""
        if self.stage.other is not None:
            self.stage.take(open_run(self.stage.other))
        self.stage.prepare()
        return {**state, "epoch": 0, "step": 0, "since_best": 0, "best": None, "finished": False, "ended": ""}

    def _epoch(self, state: dict[str, Any], log: Log, bar: Progress, task: TaskID) -> None:
        epoch, skip = state["epoch"], state["step"]
        began = time.monotonic()
        callback = _AtBatch(self, state, bar, task)
        history = self.trainer.fit(
            self.stage.batches(epoch, skip),
            initial_epoch=epoch,
            epochs=epoch + 1,
            steps_per_epoch=self.stage.steps(epoch) - skip,
            callbacks=[callback],
            shuffle=False,
            verbose=0,
        )
        terms = {name: float(values[-1]) for name, values in history.history.items()}
        figures = {"loss": sum(terms.values()), **terms}
        self.check(state, figures["loss"])
        bar.update(task, note="validating")
        found = self.validate()
        monitor = self._monitor(state, found, bar)
        if not math.isfinite(found[monitor]):
            self._end(state, f"validation says {monitor} {found[monitor]}")
        better = state["best"] is None or found[monitor] > state["best"]
        if better:
            self.run.save_weights(self.stage.weights)
            state.update(best=found[monitor], figures=found, since_best=0)
        else:
            state["since_best"] += 1
        state.update(epoch=epoch + 1, step=0, steps=state["steps"] + self.stage.steps(epoch))
        patience = self.settings.patience
        out_of_patience = patience is not None and state["since_best"] >= patience
        state["finished"] = state["epoch"] == self.stage.epochs or out_of_patience
        if state["finished"]:
            best = f"the best {monitor}, {state['best']:.4f}, was that of epoch {state['epoch'] - state['since_best']}"
            state["ended"] = f"reached epoch {self.stage.epochs}, the last by its settings; {best}"
            if out_of_patience:
                state["ended"] = (
                    f"stopped after epoch {state['epoch']} of {self.stage.epochs}, with training.patience {patience}; {best}"
                )
        row: dict[str, float | str] = {"stage": self.stage.name, "epoch": float(epoch + 1), **figures}
        row |= {f"validation/{name}": value for name, value in found.items()}
        row["seconds"] = round(time.monotonic() - began, 1)
        log.add(row, state["steps"])
        bar.console.print(
            f"{self.stage.name}  epoch {epoch + 1}/{self.stage.epochs}  loss {figures['loss']:.4g}  "
            f"{monitor} {found[monitor]:.4f}{'  best so far' if better else ''}"
        )
        if complaint := self.stage.watch(epoch, figures):
            bar.console.print(f"{self.stage.name}, epoch {epoch + 1}: {complaint}", style="yellow", soft_wrap=True)
        state["rows"] = log.rows
        self.save(state)

    def _monitor(self, state: dict[str, Any], found: dict[str, float], bar: Progress) -> str:
        """The metric that picks the best epoch; said once where it isn't the system's own."""
        if not state["monitor"]:
            protocol = self.run.system.protocol
            state["monitor"] = self.settings.monitor or protocol.monitored(found)
            state["why"] = "" if self.settings.monitor else why_monitor(protocol, found, state["monitor"])
            if state["why"]:
                bar.console.print(state["why"], soft_wrap=True)
        monitor: str = state["monitor"]
        if monitor not in found:
            raise UserError(f"training.monitor: no such metric {monitor!r}.{nearest(monitor, found)}")
        return monitor

    def check(self, state: dict[str, Any], loss: float) -> None:
        """Ends a training whose loss or weights are no numbers any more; the last checkpoint and the best weights stay.

        Raises:
            UserError: When they are.
        """
        # A loss may overflow alone, with mixed_float16; its step is then skipped.
        bare = self.settings.precision != "mixed_float16"
        if math.isfinite(loss) or not bare:
            if all_finite(self.stage.model.variables):
                return
            self._end(state, "weights are no numbers" + (f" and the loss is {loss}" if not math.isfinite(loss) else ""))
        self._end(state, f"the loss is {loss}")

    def _end(self, state: dict[str, Any], why: str) -> None:
        best = state["best"]
        kept = (
            "" if best is None else f"{self.run.folder} keeps its best weights so far ({state['monitor']} {best:.4f})"
        )
        refuse_diverged(f"{self.stage.name}, epoch {state['epoch'] + 1}", why, self.settings, kept)

    def save(self, state: dict[str, Any]) -> None:
        """Writes a checkpoint."""
        state["saves"] += 1
        self.checkpoint.save(state, state["saves"])


class _AtBatch(keras.callbacks.Callback):
    """Progress, and a checkpoint in mid-epoch when the last one is old."""

    def __init__(self, fit: _Fit, state: dict[str, Any], bar: Progress, task: TaskID) -> None:
        super().__init__()
        self.fit, self.state, self.bar, self.task = fit, state, bar, task
        self.saved = time.monotonic()
        # Keras resets the running means when an epoch starts; these belong to its first part.
        self.means = [v.numpy() for m in fit.trainer.metrics for v in m.variables] if state["step"] else None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.means is not None:
            variables = [v for m in self.fit.trainer.metrics for v in m.variables]
            for variable, value in zip(variables, self.means, strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        self.state["step"] += 1
        loss = float(sum(logs.values()))
        # The mean stays no number for the rest of the epoch once a loss was none: of mixed_float16 the epoch's end judges.
        if not math.isfinite(loss) and self.fit.settings.precision != "mixed_float16":
            self.fit.check(self.state, loss)
        note = f"epoch {self.state['epoch'] + 1}/{self.fit.stage.epochs}  loss {loss:.4g}"
        self.bar.update(self.task, advance=1, note=note)
        now = time.monotonic()
        ends = self.state["step"] >= self.fit.stage.steps(self.state["epoch"])
        if not ends and now - self.saved > self.fit.settings.checkpoint_seconds:
            # The step may have spoilt the weights after its loss was taken.
            self.fit.check(self.state, loss)
            self.fit.save(self.state)
            self.saved = time.monotonic()
