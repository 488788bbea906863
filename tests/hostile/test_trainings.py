"""Settings and clusters that no training can begin with."""

import pytest

from kerasmm.console import UserError
from kerasmm.runs.strategy import check_cluster
from kerasmm.systems import names, system
from kerasmm.systems.config import load_config
from tests.hostile.recipes import written


@pytest.mark.parametrize("recipe", ["steps-of-no-size", "epochs-without-end"])
def test_numbers_that_no_training_can_have(tmp_path, recipe):
    files = sorted(written(f"trainings/{recipe}", tmp_path).glob("*.yaml"))
    assert files
    for path in files:
        for name in names():
            with pytest.raises(UserError, match=r"training|learning_rate") as caught:
                load_config(system(name).Config, path)
            assert str(path) in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_clusters(tmp_path, monkeypatch):
    for path in written("trainings/clusters-that-are-none", tmp_path).iterdir():
        monkeypatch.setenv("TF_CONFIG", path.read_text())
        with pytest.raises(UserError, match=r"^TF_CONFIG: ") as caught:
            check_cluster("multi_worker")
        assert len(str(caught.value)) < 500
