"""What a worker process of the direct runner runs: Beam's harness, without its log on the terminal."""

import contextlib
import logging
import os
import signal
import sys
import traceback
from pathlib import Path

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    # A Ctrl-C is for the driver, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What goes wrong in a step travels to the driver as an exception; only a harness that can't run speaks here.
    with Path(os.devnull).open("w") as nowhere:
        try:
            with contextlib.redirect_stderr(nowhere):
                from apache_beam.runners.worker import sdk_worker_main

                sdk_worker_main.main(sys.argv)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
