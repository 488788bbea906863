"""The folder of a run."""

from __future__ import annotations

from kerasmm.runs.run import CONFIG, FACTS, forget_untrained


def test_a_refused_run_is_taken_back_and_a_trained_one_kept(tmp_path):
    for name, left in {
        "refused": [],
        "trained": ["best.weights.h5"],
        "begun": ["checkpoints/clean/ckpt-1.index"],
    }.items():
        run = tmp_path / name
        for file in (CONFIG, FACTS, *left):
            (run / file).parent.mkdir(parents=True, exist_ok=True)
            (run / file).write_text("{}")
        forget_untrained(run)
    assert not (tmp_path / "refused").exists()
    assert (tmp_path / "trained" / FACTS).is_file() and (tmp_path / "begun" / FACTS).is_file()
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    forget_untrained(other)
    assert (other / "notes.txt").read_text() == "mine"
