"""The fake: a model server of exactly known behaviour, the judge of everything that is measured."""

from ollascope.engines.fake.decide import Skills, decide, skills
from ollascope.engines.fake.plan import Fault, Plan, Times
from ollascope.engines.fake.settings import Fake
from ollascope.engines.fake.source import FakeSource, Turn
from ollascope.engines.fake.truth import Memory, Truth

__all__ = ["Fake", "FakeSource", "Fault", "Memory", "Plan", "Skills", "Times", "Truth", "Turn", "decide", "skills"]
