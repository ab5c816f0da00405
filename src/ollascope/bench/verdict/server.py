"""Was it one server in one state, and one run from its beginning to its end?"""

from collections.abc import Iterator
from typing import Final

from ollascope.bench.result import Reason
from ollascope.bench.verdict.sayings import reason
from ollascope.bench.verdict.signs import Case

LIMITS: Final = frozenset({"errors", "tokens"})


def server_restarted(case: Case) -> Iterator[Reason]:
    if case.result.server.restarted:
        yield reason("server-restarted", "invalid")
    if case.result.server.changed:
        yield reason("server-changed", "limited", which="; ".join(case.result.server.changed))


def model_loaded(case: Case) -> Iterator[Reason]:
    if case.result.server.loads:
        yield reason("model-loaded", "limited", loads=case.result.server.loads)


def ended_early(case: Case) -> Iterator[Reason]:
    if case.result.partial and case.result.window.cut_by not in {"worker-died", "worker-hangs"}:
        yield reason("interrupted", "limited", by=case.result.window.cut_by)
    elif case.result.window.cut_by in LIMITS:
        yield reason("stopped-early", "limited" if case.result.window.cut_by == "errors" else "note",
                     by=case.result.window.cut_by)  # fmt: skip


def resumed(case: Case) -> Iterator[Reason]:
    if case.signs.resumed:
        yield reason("resumed", "note", times=case.signs.resumed)


def demo(case: Case) -> Iterator[Reason]:
    if case.result.demo:
        yield reason("demo", "note")
