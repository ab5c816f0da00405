"""The chat template of a model's file: compiled once, run in a sandbox and within bounds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from jinja2 import Template, TemplateError

from ollascope.serve.llamacpp.speech.sandbox import Bounds, Sandbox
from ollascope.serve.llamacpp.speech.sandbox.bounds import HINT, Budget, overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import Measured
from ollascope.serve.llamacpp.speech.sandbox.tools import calendar
from ollascope.words.errors import LoadFailed
from ollascope.words.record import Json

CHATML: Final = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SHOWN: Final = 300
FAULTS: Final = (  # what a template can do wrong, by itself or with what it is given
    TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError, MemoryError,
    SyntaxError,
)  # fmt: skip

THINKS: Final = ("enable_thinking", "thinking", "reasoning_effort")


class ChatTemplate:
    """Turns a conversation into the text that the model was trained on."""

    def __init__(self, source: str | None, *, bos: str = "", eos: str = "", bounds: Bounds | None = None) -> None:
        self.given = source is not None  # otherwise it is ChatML, as llama.cpp does
        self.source = CHATML if source is None else source
        self._bounds = bounds or Bounds()
        self._marks = {"bos_token": bos, "eos_token": eos}
        self._sandbox = Sandbox()
        self._template, self._wanted = self._compiled()

    @property
    def tools(self) -> bool:
        """It tells the model of its tools."""
        return "tools" in self._wanted

    @property
    def thinks(self) -> bool:
        """It knows of thinking."""
        return "<think>" in self.source or self.may_think

    @property
    def may_think(self) -> bool:
        """It can be told not to think."""
        return not self._wanted.isdisjoint(THINKS)

    def render(
        self,
        messages: Sequence[Mapping[str, Json]],
        *,
        tools: Sequence[Mapping[str, Json]] = (),
        think: bool | str | None = None,
        now: datetime | None = None,
    ) -> str:
        """The conversation as text; a refusal of the template is a BadUsage, all else that goes wrong a LoadFailed."""
        variables: dict[str, object] = {
            "messages": list(messages),
            "tools": list(tools) or None,
            "documents": None,
            "add_generation_prompt": True,
            "strftime_now": calendar(now or datetime.now().astimezone()),
            **self._marks,
            **_switches(think),
        }
        bounds = self._bounds.beside(len(messages), sum(len(str(message.get("content", ""))) for message in messages))
        try:
            return self._run(variables, bounds)
        except FAULTS as error:
            raise _at_fault("cannot write this conversation", error) from error

    def _run(self, variables: dict[str, object], bounds: Bounds) -> str:
        context = cast("Measured", self._template.new_context(variables))
        context.budget = Budget(bounds)
        pieces: list[str] = []
        size = 0
        for piece in self._template.root_render_func(context):
            pieces.append(piece)
            size += len(piece)
            if size > bounds.output:
                raise overdone(f"writes more than {bounds.output} characters")
        return "".join(pieces)

    def _compiled(self) -> tuple[Template, frozenset[str]]:
        if len(self.source) > self._bounds.template:
            raise overdone(f"is longer than {self._bounds.template} characters")
        try:
            code, wanted = self._sandbox.build(self.source)
        except FAULTS as error:
            raise _at_fault("cannot be understood", error) from error
        return Template.from_code(self._sandbox, code, self._sandbox.globals), wanted


def _switches(think: bool | str | None) -> dict[str, object]:
    """What templates of different families ask about thinking."""
    if think is None:
        return {}
    level = {"reasoning_effort": think} if isinstance(think, str) else {}
    return {"enable_thinking": bool(think), "thinking": bool(think), **level}


def _at_fault(what: str, error: Exception) -> LoadFailed:
    words = " ".join(str(error).split())[:SHOWN] or type(error).__name__
    return LoadFailed(f"the chat template {what}: {words}", hint=HINT)
