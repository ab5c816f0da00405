"""The fake in this process passes the suite of all engines."""

from tests.contracts.engine import EngineContract
from tests.contracts.subjects import FAKE


class TestFake(EngineContract):
    subject = FAKE
