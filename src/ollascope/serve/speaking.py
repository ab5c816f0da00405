"""Requests that a model answers: read, generated or played piece by piece, stopped when the client leaves."""

import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from ollascope.apis.formats import answer_writer, read_request
from ollascope.apis.writing import Stamp, Writer
from ollascope.serve.delivery import Delivery, Planned
from ollascope.serve.player import Player
from ollascope.serve.source import Paced, Source, Turn, closing
from ollascope.serve.visit import Visit
from ollascope.serve.wheel import Wheel
from ollascope.words.errors import EngineCrashed, Trouble
from ollascope.words.prompt import Prompt

Way = Callable[[Visit, Prompt], Coroutine[Any, Any, None]]


def way(source: Source | Paced, wheel: Wheel) -> Way:
    """How this source answers a prompt: played on the wheel where its times are known, else as it comes."""
    if isinstance(source, Paced):
        paced = source
        return lambda visit, prompt: _play(visit, prompt, paced.begin(prompt, visit.label), wheel)
    plain = source
    return lambda visit, prompt: _generate(visit, prompt, plain)


async def speak(visit: Visit, answer: Way) -> None:
    """One answer; cancelled when the client leaves, which ends what the source does for it."""
    body = await visit.request.read()
    try:
        prompt = read_request(visit.api, visit.found.route.action, body)
    except Trouble as trouble:
        visit.refuse(trouble)
        return
    await answer(visit, prompt)


async def _play(visit: Visit, prompt: Prompt, turn: Turn, wheel: Wheel) -> None:
    try:
        await turn.enter()
        planned = Planned()
        writer = _writer(visit, prompt, planned.now_ns)
        delivery = Delivery(visit.answer, visit.api, writer, [*visit.headers, *turn.headers], turn.content_type)
        player = Player(turn, delivery, visit.answer, wheel, planned)
        visit.request.when_gone(player.stop)
        turn.leave(await player.play())
    except Trouble as trouble:
        visit.refuse(trouble)
        turn.leave(trouble.code)
    finally:
        turn.leave("cancelled")


async def _generate(visit: Visit, prompt: Prompt, source: Source) -> None:
    delivery, answer = Delivery(visit.answer, visit.api, _writer(visit, prompt), visit.headers), visit.answer
    async with closing(source.generate(prompt)) as chunks:
        try:
            async for chunk in chunks:
                data = delivery.encode(chunk)
                if chunk.done:
                    delivery.finish(data)
                elif not delivery.send(data):
                    await answer.ready()
        except Trouble as trouble:
            delivery.fail(trouble)
    if not delivery.over:
        message = "the model ended without finishing its answer"
        delivery.fail(EngineCrashed(message, hint="ask again; the log says more"))


def _writer(visit: Visit, prompt: Prompt, now_ns: Callable[[], int] = time.time_ns) -> Writer:
    stamp = Stamp(model=prompt.model, id=secrets.token_hex(6), now_ns=now_ns)
    return answer_writer(visit.api, visit.found.route.action, prompt, stamp)
