"""The client of the OpenAI API passes the suite of all engines, on the served fake and on raw bytes."""

from tests.contracts.engine import WiredContract
from tests.contracts.subjects import OPENAI


class TestOpenAi(WiredContract):
    subject = OPENAI
