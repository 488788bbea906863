"""Edited runs are read, or refused in a line that names the file."""

import pytest

from kerasmm.console import UserError
from kerasmm.runs.run import built, open_run, read_run
from tests.hostile.recipes import written


def test_edited_facts(tmp_path):
    refused = 0
    for run in sorted(written("runs/edited-facts", tmp_path).iterdir()):
        try:
            read_run(run)
        except UserError as error:
            refused += 1
            said = str(error)
            assert said.startswith(str(run)) and "\n" not in said and len(said) < 1000, said[:300]
    assert refused > 25


def test_a_model_that_cannot_be_built(tmp_path):
    """Facts of the right type may still be none of a network."""
    import json

    from tests.hostile.recipes.runs import FACTS, whole

    run = whole(tmp_path)
    content = json.loads((run / FACTS).read_text("utf-8"))
    content["measured"]["variance"][0] = "\x1b[31mred"
    (run / FACTS).write_text(json.dumps(content), "utf-8")
    with pytest.raises(UserError, match="no model can be built of it") as caught:
        built(read_run(run)[0], run)
    assert "\n" not in str(caught.value)


def test_links_out_of_a_run_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"best.weights.h5', a link that leads out of"):
        open_run(written("runs/weights-elsewhere", tmp_path))
