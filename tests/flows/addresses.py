"""Addresses that nobody else has, so that journeys can be made beside each other."""

import socket
from contextlib import ExitStack

NAMES = ("dashboard", "gateway", "monitor")


def apart() -> list[str]:
    """Options that give every process of `up` a port that is free now."""
    with ExitStack() as held:
        doors = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in NAMES]
        return [f"--set=addresses.{name}={door.getsockname()[1]}" for name, door in zip(NAMES, doors, strict=True)]
