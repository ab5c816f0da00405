"""Whether a known answer is still the same: pure, from hashes in to conditions out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ollascope.monitor.probing.state import Answers, Known, Place
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.clock import utc_text

PROBE = "known-answer"
TOLD_S = 86_400.0  # how long a change is told
MOST_ANSWERS = 4  # of one model that does not always say the same
CHANGED_HINT = "if you changed neither model nor server, see which version of each is there, and who may pull models"

Ask = Callable[[], str]  # the hash of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Who was asked and when; `ask` asks once more."""

    place: Place
    digest: str | None
    at: float
    ask: Ask


def listen(before: Known | None, heard: Heard) -> Known:
    """Ask, and again if the answer is new: what is known then."""
    place, first = heard.place, heard.ask()
    if before is None or not before.answers:
        return Known(backend=place.backend, model=place.model, settings=place.settings, asked_at=heard.at,
                     since=heard.at, digest=heard.digest, answers=_different(first, heard.ask()))  # fmt: skip
    now = replace(
        before, asked_at=heard.at, failure="", hint="", varied=False, unsteady="", digest=heard.digest or before.digest
    )
    if first in before.answers:
        return now
    second = heard.ask()
    if second in before.answers:  # the same model says both: by the batch or the cache that it was computed with
        return replace(now, varied=True, answers=_different(*before.answers, first)[:MOST_ANSWERS])
    if first != second and not _digest_changed(before, heard):
        return replace(now, unsteady=_unsteady(before))
    return replace(now, answers=_different(first, second), since=heard.at, changed_at=heard.at,
                   change=_change(before, heard))  # fmt: skip


def conditions_of(answers: Answers, now: float) -> tuple[Condition, ...]:
    """What the monitor tells of it."""
    found = list(_server(answers))
    for key, known in answers.known.items():
        if not answers.down and key in answers.asked:
            found.append(_answered(known))
        elif known.failure:
            found.append(replace(_answered(known), active=None))
        if known.answers:
            found.append(_match(known, now))
    return tuple(found)


def _server(answers: Answers) -> Iterator[Condition]:
    if answers.backend:
        yield Condition(
            name="backend-down", kind=AlertKind.BACKEND_DOWN, active=bool(answers.down), severity="critical",
            labels={"backend": answers.backend}, reason=answers.down or f"{answers.backend} answers again",
            hint="start it, or correct its address in the section engines of the settings",
        )  # fmt: skip


def _answered(known: Known) -> Condition:
    return Condition(
        name="probe-failed", kind=AlertKind.PROBE_FAILED, active=bool(known.failure), labels=_labels(known),
        reason=known.failure or f"{known.model} answers the known question", hint=known.hint,
    )  # fmt: skip


def _match(known: Known, now: float) -> Condition:
    active: bool | None = known.changed_at is not None and now - known.changed_at < TOLD_S
    if known.unsteady and not active:
        active = None
    return Condition(
        name="answer-changed", kind=AlertKind.ANSWER_CHANGED, active=active, labels=_labels(known),
        reason=_reason(known, active), hint=CHANGED_HINT if active else "",
    )  # fmt: skip


def _reason(known: Known, active: bool | None) -> str:
    if active is None:
        return known.unsteady
    if active:
        return known.change
    varied = "; one differed, and asked again it was the known one: batches and caches do that" if known.varied else ""
    return f"{known.model} gives the answer that is known since {utc_text(known.since)}{varied}"


def _change(before: Known, heard: Heard) -> str:
    place = f"{before.model} at {before.backend}"
    told = f"{place}: the model or its quantisation changed. Its answer differs from that of {utc_text(before.since)}"
    if _digest_changed(before, heard):
        return f"{told}, and its digest is {_short(heard.digest)}, not {_short(before.digest)} as before"
    if heard.digest and before.digest:
        return f"{told}, twice alike, but its digest is the same ({_short(heard.digest)}): see the server's version, \
settings and processor"
    return f"{told}, twice alike; the server tells no digest"


def _unsteady(before: Known) -> str:
    return f"{before.model} at {before.backend} gave two new answers that differ from each other: it does not answer \
the same question alike, so nothing can be told by them"


def _digest_changed(before: Known, heard: Heard) -> bool:
    return bool(heard.digest and before.digest and heard.digest != before.digest)


def _short(digest: str | None) -> str:
    return (digest or "").removeprefix("sha256:")[:12]


def _different(*answers: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answers))


def _labels(known: Known) -> dict[str, str]:
    return {"backend": known.backend, "model": known.model, "probe": PROBE}
