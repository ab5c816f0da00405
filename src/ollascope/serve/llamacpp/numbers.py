"""`/metrics`, `/slots`, `/props` and `/health`: the engine's own figures, by the names that llama-server gave them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from ollascope.pipe import Answer, Application, Request
from ollascope.serve.llamacpp.house.house import House, Room
from ollascope.serve.llamacpp.wish import Counts, Loaded, SlotState
from ollascope.words.record import Json

PROMETHEUS: Final = b"text/plain; version=0.0.4"
JSON: Final = b"application/json; charset=utf-8"
TEXT: Final = b"text/plain; charset=utf-8"


class Tally:
    """Totals of all models since the server's start: of those in memory, and of those that were."""

    def __init__(self) -> None:
        self._past = Counts()

    def keep(self, model: Loaded) -> None:
        """A model is about to leave memory; its figures stay."""
        self._past = _sum((self._past, model.counts()))

    def counts(self, rooms: Iterable[Room]) -> Counts:
        """With those of the models that are in memory."""
        return _sum((self._past, *(room.opened.counts() for room in rooms if room.opened and not room.closing)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What the pages are made of."""

    house: House
    tally: Tally
    props: Callable[[], Mapping[str, Json]]


def pages(numbers: Numbers) -> dict[str, Application]:
    """The pages by their paths, for the front."""
    return {
        "/metrics": partial(_page, PROMETHEUS, lambda: metrics(numbers).encode()),
        "/slots": partial(_page, JSON, lambda: _json(slots(numbers.house.rooms()))),
        "/props": partial(_page, JSON, lambda: _json(dict(numbers.props()))),
        "/health": partial(_page, JSON, lambda: _json({"status": "ok"})),
    }


def metrics(numbers: Numbers) -> str:
    """Counters and gauges in Prometheus' text form; rates are for whoever reads the counters, not reset by reading."""
    rooms = numbers.house.rooms()
    counts = numbers.tally.counts(rooms)
    states = [state for room in rooms if room.opened for state in room.opened.slots()]
    busy = sum(state.busy for state in states)
    lines: list[str] = []
    for name, kind, help_, value in (
        ("prompt_tokens_total", "counter", "Prompt tokens processed, without those that were cached",
         counts.tokens_in - counts.tokens_cached),
        ("prompt_tokens_cached_total", "counter", "Prompt tokens taken from the cache", counts.tokens_cached),
        ("prompt_seconds_total", "counter", "Seconds spent on prompts", counts.prefill_s),
        ("tokens_predicted_total", "counter", "Tokens of answers", counts.tokens_out),
        ("tokens_predicted_seconds_total", "counter", "Seconds spent on answers", counts.decode_s),
        ("n_decode_total", "counter", "Decodes", counts.decodes),
        ("requests_processing", "gauge", "Requests that have a slot", busy),
        ("requests_deferred", "gauge", "Requests that wait for a slot or a load", numbers.house.waiting()),
        ("n_busy_slots_per_decode", "gauge", "Slots that were busy in a decode, on average since the start",
         counts.busy_slots / counts.decodes if counts.decodes else 0.0),
    ):  # fmt: skip
        full = f"llamacpp:{name}"
        lines += [f"# HELP {full} {help_}", f"# TYPE {full} {kind}", f"{full} {value:.6g}" if isinstance(value, float)
                  else f"{full} {value}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def slots(rooms: Iterable[Room]) -> list[Json]:
    """Every slot of every model in memory, numbered through."""
    told: list[Json] = []
    for room in rooms:
        if room.opened:
            for state in room.opened.slots():
                told.append(_slot(len(told), room, state))
    return told


def _slot(number: int, room: Room, state: SlotState) -> dict[str, Json]:
    return {
        "id": number, "model": room.wanted.name, "n_ctx": room.wanted.load.context, "speculative": False,
        "is_processing": state.busy, "phase": state.phase, "n_prompt_tokens": state.tokens_in,
        "n_prompt_tokens_cache": state.cached, "next_token": [{"n_decoded": state.tokens_out}],
    }  # fmt: skip


def _sum(parts: Iterable[Counts]) -> Counts:
    rows = [asdict(part) for part in parts]
    return Counts(**{name: sum(row[name] for row in rows) for name in rows[0]})


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _page(kind: bytes, make: Callable[[], bytes], request: Request, answer: Answer) -> None:
    if request.method not in {"GET", "HEAD"}:
        answer.whole(405, b"405 method not allowed", [(b"allow", b"GET, HEAD"), (b"content-type", TEXT)])
        return
    answer.whole(200, make(), [(b"content-type", kind)])
