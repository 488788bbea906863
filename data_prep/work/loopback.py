"""Beam's servers for its worker processes, on the loopback interface.

Beam opens them on all interfaces, and whoever reaches them may hand a worker pickled work: anyone of the network, for
as long as a build takes. It has no option for the address.
"""

from __future__ import annotations

from typing import Any

import grpc
from apache_beam.runners.portability import local_job_service
from apache_beam.runners.portability.fn_api_runner import worker_handlers


def listen_on_loopback() -> None:
    """Makes the servers that the direct runner starts from now on in this process listen on loopback only."""
    for module in (worker_handlers, local_job_service):
        if not isinstance(module.grpc, _LoopbackGrpc):
            module.grpc = _LoopbackGrpc()


class _LoopbackGrpc:
    """The module `grpc` as these two of Beam's see it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(grpc, name)

    def server(self, *arguments: Any, **options: Any) -> Any:
        made = grpc.server(*arguments, **options)
        add = made.add_insecure_port
        # Workers are told `localhost` and the port that this returns.
        made.add_insecure_port = lambda address: add(f"localhost:{address.rpartition(':')[2]}")
        return made
