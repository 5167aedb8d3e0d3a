"""Whether the two ports of a broker are free."""

from __future__ import annotations

import os
import socket

from .failure import Failure


def probe(host: str, port: int) -> None:
    """`Failure` at once where a port is taken; HELICS itself would try for four seconds."""
    for wanted in (port, port + 1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            if os.name == "posix":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, wanted))
            except OSError as error:
                raise Failure(
                    "broker",
                    f"port {wanted} is taken: {error}",
                    "End the program that listens there, or start the run again for other ports.",
                ) from error
