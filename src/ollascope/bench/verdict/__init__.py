"""Can a run be believed? VALID, LIMITED or INVALID, with reasons in words; one rule a reason, all in a table."""

from collections.abc import Sequence

from ollascope.bench.result import Judgement, Reason, Result
from ollascope.bench.verdict.signs import Case, Signs
from ollascope.bench.verdict.table import RULES

__all__ = ["Signs", "judge"]


def judge(result: Result, signs: Signs) -> tuple[Judgement, tuple[Reason, ...]]:
    """The verdict on a Result, which is that of its heaviest reason, and all reasons."""
    reasons = tuple(reason for rule in RULES for reason in rule(Case(result=result, signs=signs)))
    return _of(reasons), reasons


def _of(reasons: Sequence[Reason]) -> Judgement:
    weights = {reason.weight for reason in reasons}
    return "INVALID" if "invalid" in weights else "LIMITED" if "limited" in weights else "VALID"
