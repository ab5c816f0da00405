"""What came of one request, as its Call."""

from dataclasses import dataclass
from typing import Final

from ollascope.bench.asked import Target
from ollascope.bench.client.flight import Flight
from ollascope.bench.folder import AT, PHASE, SHOT, STAGE, TURN, USER
from ollascope.engines.flags import CONTEXT_EXHAUSTED, WAITED
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.engines.ollama.silence.verdict import WAIT_S, hidden_wait_s
from ollascope.words.call import Call, Gaps
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

OTHER_MODEL: Final = "other-model"
"""Flag of a Call: the answer says that another model gave it."""
ANSWERED_BY: Final = "answered_by"
"""Key of `Call.extra`: the model that an answer of another model names."""
WHY: Final = "why"
"""Key of `Call.extra`: the words of what went wrong."""
UNSENT: Final = "unsent"
"""Key of `Call.extra`: true where a request was due and waited at our side until the run ended."""
MOST_WHY: Final = 300
NOTHING: Final = Chunk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What all Calls of a run share."""

    run: str
    target: Target
    engine: str
    backend: str


def call_of(flight: Flight, subject: Subject, gaps: Gaps) -> Call:
    """The Call of a request that has ended."""
    heard, sent, prompt = flight.heard, flight.sent_ns, flight.prompt
    final = (heard.final if heard is not None else None) or NOTHING
    trace, due = flight.trace, flight.shot.due_ns
    ended = (
        heard.ended
        if heard is not None and heard.ended is not None and flight.trouble is None
        else flight.ended_ns or None
    )
    is_ollama = subject.target.api == "ollama"
    return Call(
        id=flight.id, sent_at=flight.at_wall, source="bench", outcome=outcome_of(flight),
        api=trace.api if trace is not None else subject.target.api, operation=prompt.operation,
        engine=subject.engine, backend=subject.backend, model=prompt.model,
        stream=prompt.stream and prompt.operation != "embed", status=flight.status, retries=flight.retries,
        due_s=None if due is None else min(0.0, (due - sent) / 1e9),
        queue_s=hidden_wait_s(final) if is_ollama else final.queue_s, connect_s=flight.connect_s,
        load_s=final.load_s, prefill_s=final.prefill_s, decode_s=final.decode_s,
        first_chunk_s=_since(sent, heard.first if heard is not None else None),
        first_answer_s=_since(sent, heard.answered if heard is not None else None), end_s=_since(sent, ended),
        load_cause=trace.load_cause if trace is not None else None, tokens_in=final.tokens_in,
        tokens_cached=final.tokens_cached, tokens_out=final.tokens_out, tokens_thinking=final.tokens_thinking,
        gaps=gaps, flags=flags_of(flight, final, is_ollama=is_ollama), run=subject.run,
    )  # fmt: skip


def outcome_of(flight: Flight) -> str:
    """`ok`, or the code of what went wrong."""
    return "ok" if flight.trouble is None else flight.trouble.code


def extra_of(flight: Flight, go_ns: int) -> dict[str, Json]:
    """What only the run knows of a request."""
    shot, trouble = flight.shot, flight.trouble
    told: dict[str, Json] = {AT: round((flight.sent_ns - go_ns) / 1e9, 6), STAGE: shot.stage, SHOT: shot.number}
    if shot.phase is not None:
        told[PHASE] = shot.phase
    if shot.user is not None:
        told[USER] = shot.user
    if shot.turn is not None:
        told[TURN] = shot.turn
    if not flight.ended_ns:
        told[UNSENT] = True
    if trouble is not None:
        told[WHY] = trouble.message[:MOST_WHY].encode("utf-8", "replace").decode()
    if (named := _other_model(flight)) is not None:
        told[ANSWERED_BY] = named
    return told


def flags_of(flight: Flight, final: Chunk, *, is_ollama: bool) -> tuple[str, ...]:
    """What was done in silence, as far as one answer shows it."""
    flags = list(flight.trace.flags) if flight.trace is not None else []
    if _other_model(flight) is not None:
        flags.append(OTHER_MODEL)
    if final.done and flight.trace is None:
        if _is_exhausted(flight.prompt, final, is_ollama=is_ollama):
            flags.append(CONTEXT_EXHAUSTED)
        if is_ollama and (hidden_wait_s(final) or 0.0) >= WAIT_S:
            flags.append(WAITED)
    return tuple(flags)


def _is_exhausted(prompt: Prompt, final: Chunk, *, is_ollama: bool) -> bool:
    """It ended for its length, and not at the length that was asked for."""
    limit = prompt.max_tokens if prompt.max_tokens is not None and prompt.max_tokens > 0 else None
    if final.reason != "length" or final.tokens_out is None or (is_ollama and limit is None):
        return False
    return limit is None or final.tokens_out < limit


def _other_model(flight: Flight) -> str | None:
    """The model that answered, where it is not the one that was asked; a path before the name is the server's way."""
    named = flight.heard.model if flight.heard is not None else None
    if named is None or bare_name(named) == bare_name(flight.prompt.model):
        return None
    asked = bare_name(flight.prompt.model).rpartition("/")[2]
    return None if bare_name(named).rpartition("/")[2].removesuffix(".gguf") == asked.removesuffix(".gguf") else named


def _since(sent: int, at: int | None) -> float | None:
    return None if at is None else (at - sent) / 1e9
