"""`ollascope quick`: how fast a model is, in under a minute and in plain words, what limits it, and one next step."""

from ollascope.bench.quick.answer import answer, answer_facts, answer_lines
from ollascope.bench.quick.plan import Aim, aim_at, quick_asks, warm_up_ask

__all__ = ["Aim", "aim_at", "answer", "answer_facts", "answer_lines", "quick_asks", "warm_up_ask"]
