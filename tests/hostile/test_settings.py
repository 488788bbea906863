"""Configurations of a stranger's: a line that names the file, at once, for every system and for a build."""

import time

import pytest

from data_prep.config import BuildConfig
from kerasmm.console import UserError
from kerasmm.systems import names, system
from kerasmm.systems.config import load_config
from tests.hostile.recipes import written
from tests.hostile.recipes.settings import CONTENTS


def test_every_configuration_is_refused(tmp_path):
    begun = time.process_time()
    paths = sorted(written("settings/configurations", tmp_path).iterdir())
    assert len(paths) == len(CONTENTS)
    for path in paths:
        for kind in [*(system(name).Config for name in names()), BuildConfig]:
            with pytest.raises(UserError) as caught:
                load_config(kind, path)
            said = str(caught.value)
            assert said.startswith(str(path)) and len(said.splitlines()) == 1 and len(said) < 1000, said[:300]
    # An alias bomb took for ever; of processor time, with a lot to spare.
    assert time.process_time() - begun < 60
