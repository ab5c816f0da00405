"""Requests about models as a whole: lists, details, copies, downloads, files."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from ollascope.apis import models as forms
from ollascope.apis.body import encode
from ollascope.apis.errors import answer_status, error_object, read_error
from ollascope.apis.models import Order, Progress
from ollascope.apis.routes import Action
from ollascope.serve.source import Models, closing
from ollascope.serve.visit import PLAIN_JSON, Visit
from ollascope.words.errors import AnswerUnfinished, Trouble

TEXT: Final = b"text/plain; charset=utf-8"
LINES: Final = b"application/x-ndjson"
ABSENT: Final = "file does not exist"


class Shelf:
    """Answers for whoever knows the models."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._simple: Mapping[Action, Callable[[Visit], None]] = {
            "root": lambda visit: visit.reply(forms.RUNNING, TEXT),
            "version": lambda visit: visit.reply(forms.write_version(models.version)),
            "tags": lambda visit: visit.reply(forms.write_models(models.tags())),
            "ps": lambda visit: visit.reply(forms.write_models(models.ps())),
            "models": lambda visit: visit.reply(forms.write_openai_models(models.tags())),
            "model": lambda visit: visit.reply(forms.write_openai_model(models.find(visit.found.name))),
        }
        self._ordered: Mapping[Action, Callable[[Visit, Order], Awaitable[None]]] = {
            "show": self._show,
            "copy": self._copy,
            "delete": self._delete,
            "pull": self._carry_out,
            "push": self._carry_out,
            "create": self._carry_out,
        }

    async def serve(self, visit: Visit) -> None:
        action = visit.found.route.action
        try:
            if simple := self._simple.get(action):
                simple(visit)
            elif action == "blob":
                await self._blob(visit)
            else:
                order = forms.read_order(action, await visit.request.read())
                await self._ordered[action](visit, order)
        except Trouble as trouble:
            visit.refuse(trouble)

    async def _show(self, visit: Visit, order: Order) -> None:
        visit.reply(forms.write_card(self._models.card(order)))

    async def _copy(self, visit: Visit, order: Order) -> None:
        self._models.copy(order.source or "", order.model)
        visit.reply(b"", b"")

    async def _delete(self, visit: Visit, order: Order) -> None:
        self._models.delete(order.model)
        visit.reply(b"", b"")

    async def _blob(self, visit: Visit) -> None:
        digest = visit.found.name
        if visit.request.method == "POST":
            await self._models.take_blob(digest, visit.request.pieces())
            visit.reply(b"", b"", status=201)
        elif self._models.has_blob(digest):
            visit.reply(b"", b"")
        else:
            raise read_error(404, encode({"error": ABSENT}))

    async def _carry_out(self, visit: Visit, order: Order) -> None:
        """Whole when asked for; else a line for each step, also for the error that ends it."""
        async with closing(self._steps(visit, order)) as steps:
            if order.stream:
                await _stream(visit, steps)
            else:
                done = [step async for step in steps]
                visit.reply(forms.write_progress(done[-1]).rstrip(), PLAIN_JSON)

    async def _steps(self, visit: Visit, order: Order) -> AsyncIterator[Progress]:
        success = False
        async with closing(self._models.carry_out(visit.found.route.action, order)) as steps:
            async for step in steps:
                success = step.success
                yield step
        if not success:
            raise AnswerUnfinished("it ended before it was done", hint="ask again")


async def _stream(visit: Visit, steps: AsyncIterator[Progress]) -> None:
    answer = visit.answer
    try:
        async for step in steps:
            if not answer.started:
                answer.start(200, [(b"content-type", LINES), *visit.headers])
            if not answer.piece(forms.write_progress(step)):
                await answer.ready()
        answer.end()
    except Trouble as trouble:
        if not answer.started:
            raise
        line = error_object("ollama", answer_status(trouble), trouble.message)
        answer.end(encode(line) + b"\n")
