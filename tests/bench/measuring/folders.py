"""Folders of runs, written as a run writes them, with Calls of servers whose behaviour is known."""

import heapq
from array import array
from dataclasses import replace

from ollascope.bench import folder as names
from ollascope.bench.about import About, Stretch
from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.result import Server
from ollascope.ledger.codec import encode
from ollascope.stats.sketch import sketch_pairs
from ollascope.words.call import Call
from ollascope.words.record import dumps

GO = 1_800_000_000.0
TARGET = Target(url="http://127.0.0.1:11434", model="llama3.2:3b", engine="ollama")


def call(number, at, *, ttft=0.1, gap=0.02, tokens=11, outcome="ok", due=None, stage=0, phase=None, user=None, **more):
    """One request that was sent `at` seconds after the go; its first piece came after `ttft`, the others at `gap`s."""
    gaps = [gap] * (tokens - 1) if outcome == "ok" and tokens else []
    extra = {names.STAGE: stage, names.SHOT: number, names.AT: at}
    if phase is not None:
        extra[names.PHASE] = phase
    if user is not None:
        extra[names.USER] = user
    known = {
        "first_chunk_s": ttft if outcome == "ok" else None,
        "first_answer_s": ttft if outcome == "ok" else None,
        "end_s": ttft + sum(gaps),
        "tokens_in": 100 if outcome == "ok" else None,
        "tokens_out": tokens if outcome == "ok" else None,
        "gaps": sketch_pairs(gaps),
        "model": "llama3.2:3b",
    }
    return Call(
        id=f"{number:026d}", sent_at=GO + at, source="bench", outcome=outcome, engine="ollama", stream=True,
        due_s=None if due is None else due - at, run="run", extra=extra, **{**known, **more},
    )  # fmt: skip


def closed(users, requests, *, ttft=lambda number: 0.1, gap=0.02, tokens=11, start=0.0, stage=0, first=0):
    """So many users who ask again as soon as they have their answer."""
    free, found = [(start, user) for user in range(users)], []
    heapq.heapify(free)
    for number in range(first, first + requests):
        at, user = heapq.heappop(free)
        made = call(number, at, ttft=ttft(number), gap=gap, tokens=tokens, user=user, stage=stage)
        found.append(made)
        heapq.heappush(free, (at + made.end_s, user))
    return found


def queued(dues, service_s, *, most=None, ttft=0.01):
    """An open loop on a server that does one request after the other, each taking `service_s`; at most so many of
    them are sent to it at once."""
    found, ends = [], []
    free = 0.0
    for number, due in enumerate(dues):
        at = max(due, ends[number - most]) if most is not None and number >= most else due
        begun = max(at, free)
        free = begun + service_s
        ends.append(free)
        found.append(call(number, at, ttft=begun - at + ttft, end_s=free - at, tokens=2, due=due))
    return found


def asked_users(users, **more):
    return Asked(target=TARGET, load=Load(levels=(Level(users=users, **more),)))


def asked_rate(rate, arrival="poisson", *, seconds=None, most=None, **more):
    level = Level(rate=rate, seconds=seconds, **more)
    return Asked(target=TARGET, load=Load(levels=(level,), arrival=arrival, most_at_once=most))


def about_of(calls, **more):
    """What a run that went well says of itself."""
    until = max((one.extra[names.AT] + (one.end_s or 0.0) for one in calls), default=0.0)
    made = About(run="run", started_at=GO, until_s=until, ended_at=GO + until, server=Server(engine="ollama"))
    return replace(made, **more)


def stretch(number=0, name="all", *, since=0.0, until, **more):
    return Stretch(number=number, name=name, since_s=since, counts_s=more.pop("counts", since), until_s=until, **more)


def write(folder, calls, asked, about=None, *, samples=(), gaps=(), file=names.CALLS):
    """The folder of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names.ASKED).write_text(dumps(asked))
    (folder / names.ABOUT).write_text(dumps(about or about_of(calls)))
    with (folder / file).open("ab") as lines:
        lines.writelines(encode(one) for one in calls)
    if samples:
        (folder / names.SAMPLES).write_bytes(b"".join(map(encode, samples)))
    for worker, values in enumerate(gaps):
        (folder / names.GAPS.format(worker=worker)).write_bytes(array("f", values).tobytes())
    return folder


def result_of(folder, calls, asked, about=None, **more):
    return reckon(gather(write(folder, calls, asked, about, **more)))


def codes(result, weight=None):
    return [reason.code for reason in result.reasons if weight in {None, reason.weight}]
