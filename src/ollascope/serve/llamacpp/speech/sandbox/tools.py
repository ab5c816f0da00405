"""The functions that every chat template may call."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Never

from jinja2.utils import Namespace

from ollascope.serve.llamacpp.speech.sandbox.bounds import Budget, overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import Tool
from ollascope.words.errors import BadUsage

LONGEST: Final = 100_000  # items of a range
SHOWN: Final = 500  # characters of what a template says when it refuses
HINT: Final = "the model's own chat template refuses this conversation: change the roles or the order of its messages"


def calendar(now: datetime) -> Tool:
    """`strftime_now`, for one instant."""

    def strftime_now(budget: Budget, form: str) -> str:
        budget.make(200)
        if not isinstance(form, str) or len(form) > 100:
            raise overdone("writes the date with a form beyond all measure")
        return now.strftime(form)

    return Tool(strftime_now)


def _range(_budget: Budget, *args: int) -> range:
    made = range(*args)
    start, stop, step = made.start, made.stop, made.step
    size = max(0, (stop - start + step - (1 if step > 0 else -1)) // step)  # len() fails beyond what an index holds
    if size > LONGEST:
        raise overdone(f"counts to {size}")
    return made


def _dict(budget: Budget, *args: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
    if len(args) > 1 or not all(isinstance(value, dict) for value in args):
        raise TypeError("dict() takes a mapping or names")
    budget.spend(sum(map(len, args)) + len(kwargs))
    return {**(args[0] if args else {}), **kwargs}


def _namespace(budget: Budget, *args: Mapping[str, Any], **kwargs: Any) -> Namespace:
    return Namespace(_dict(budget, *args, **kwargs))


def _refuse(budget: Budget, message: object = "") -> Never:
    budget.copy(message)
    raise BadUsage(f"the chat template refuses: {str(message)[:SHOWN]}", hint=HINT)


TOOLS: Mapping[str, Tool] = {
    "range": Tool(_range),
    "dict": Tool(_dict),
    "namespace": Tool(_namespace),
    "raise_exception": Tool(_refuse),
}
