"""A Jinja sandbox in which every loop, call, operator and filter is counted, so that a hostile template ends soon."""

from collections.abc import Callable
from types import BuiltinMethodType, CodeType
from typing import Any, Final, cast

from jinja2 import pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, LoopControlExtension
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ollascope.serve.llamacpp.speech.sandbox.filters import FILTERS, TESTS
from ollascope.serve.llamacpp.speech.sandbox.measured import PLAIN, Measured, Tool, text_of
from ollascope.serve.llamacpp.speech.sandbox.methods import call_method
from ollascope.serve.llamacpp.speech.sandbox.operators import operate
from ollascope.serve.llamacpp.speech.sandbox.tolls import SYNTAX, add_tolls
from ollascope.serve.llamacpp.speech.sandbox.tools import TOOLS

Function = Callable[..., Any]  # takes and gives whatever a template holds


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles and runs templates as Hugging Face and llama.cpp do, with everything they do on a budget."""

    context_class = Measured
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, finalize=_finalize, extensions=[Generation, LoopControlExtension]
        )
        self.filters = {name: _counted(function) for name, function in {**FILTERS, **SYNTAX}.items()}
        self.tests = {name: _counted(function) for name, function in TESTS.items()}
        self.globals = dict(TOOLS)

    def build(self, source: str) -> tuple[CodeType, frozenset[str]]:
        """The compiled template, and the variables it asks for."""
        tree = self.parse(source)
        wanted = add_tolls(tree, self)
        return self.compile(tree), wanted

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as Jinja's
        """Macros, loops, the tools, and those methods of texts, lists and mappings that are harmless."""
        budget = cast("Measured", __context).budget
        budget.spend(2 + len(args) + len(kwargs))
        if isinstance(__obj, Tool):
            return __obj.work(budget, *args, **_given(kwargs))
        if isinstance(__obj, BuiltinMethodType) and isinstance(__obj.__self__, str | list | tuple | dict):
            return call_method(budget, __obj.__self__, __obj.__name__, args, _given(kwargs))
        if isinstance(__obj, Macro | LoopContext) or _is_of_loop(__obj):
            if not isinstance(__obj, Macro):
                budget.read(list(args))
            made = super().call(__context, __obj, *args, **kwargs)
            if isinstance(made, str):
                budget.make(len(made))
            return made
        if isinstance(__obj, Undefined):
            return super().call(__context, __obj)  # which says what is missing
        raise SecurityError(f"a {type(__obj).__name__} is not for templates to call")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return operate(cast("Measured", context).budget, operator, left, right)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key is a word or a number: anything deeper could take for ever to compare."""
        if not isinstance(argument, PLAIN):
            return self.undefined(obj=obj, name=type(argument).__name__)
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: Any) -> None:
        """`"{}".format(…)` goes the way of all methods."""


class Generation(Extension):
    """`{% generation %}` marks what a model is trained on; here its body counts and the mark does not."""

    tags: Final = {"generation"}  # type: ignore[misc]  # Jinja declares it as a variable

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@pass_context
def _finalize(context: Context, value: object) -> str:
    """What a template prints."""
    return text_of(cast("Measured", context).budget, value)


def _counted(function: Function) -> Function:
    @pass_context
    def counted(context: Measured, *args: Any, **kwargs: Any) -> Any:
        context.budget.spend(1)
        return function(context, *args, **kwargs)

    return counted


def _given(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Without the variables of loops and blocks, which Jinja hands to every call."""
    return {name: value for name, value in kwargs.items() if name not in {"_loop_vars", "_block_vars"}}


def _is_of_loop(value: object) -> bool:
    """`loop.cycle` and `loop.changed`."""
    return isinstance(getattr(value, "__self__", None), LoopContext)
