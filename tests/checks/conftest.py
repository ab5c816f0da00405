"""What the tests of the checks share: surroundings made of plain values."""

import os
from itertools import count

import pytest

from ollascope.checks.finding import Surroundings
from ollascope.checks.machine.ports import try_port
from ollascope.settings.load import Sources, examine
from ollascope.wire import SECTIONS


@pytest.fixture
def around(tmp_path):
    """Make surroundings with the default settings but for what is given."""

    def make(*, data_folder=tmp_path / "data", assignments=(), **given):
        settings, mistakes = examine(SECTIONS, Sources(data_folder=data_folder, assignments=assignments))
        return Surroundings(**({"settings": settings, "mistakes": mistakes} | given))

    return make


@pytest.fixture
def free():
    """A free port below those that the system hands out by itself, so that nobody takes it meanwhile."""
    candidates = (20_000 + (os.getpid() * 10 + step) % 10_000 for step in count())
    return next(port for port in candidates if all(try_port("127.0.0.1", port + above) == 0 for above in range(3)))
