"""Tokens a second of many requests at once, beside llama-server's slots and beside one model behind a lock."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from subprocess import Popen

from pipe_parts.table import Row

from engine_parts import servers
from engine_parts.asking import Wanted, ask
from engine_parts.noise import Watch
from engine_parts.servers import CONTEXT, SLOTS, Server
from engine_parts.settings import Settings
from engine_parts.turns import Run, Runs, best, describe, first, judged, limit, ratio, take_turns
from ollascope.engines.llamacpp.wanted import demo_model
from ollascope.registry.gguf.random import PRESETS, write_random

PROMISES = {1: 0.9, 4: 1.0, 16: 1.1}  # ours : llama-server, by requests at once
TOKENS = 64  # of an answer
SERIAL, DEMO, FIRST = 3.0, 1.5, 1 / 5
PROMPT_LETTERS = 56  # some thirty tokens
DEMO_CONTEXT, DEMO_TURNS = 256, 8
QUESTIONS = ("What is Ollascope?", "How do I start Ollascope?", "How do I stop Ollascope?", "hello")
LETTERS = "etaoinshrdlu"
PUBLISHED = Path.home() / ".cache/ollascope/benchmarks/llama-cpp-python/bin/python"


def measure(settings: Settings) -> Iterator[Row]:
    """The random model of 90 million parameters, everything in turns; the servers stay up all the while."""
    model = settings.folder / "m90.gguf"
    write_random(model, **PRESETS["90m"])
    with ExitStack() as stack:
        peers, alone = _peers(settings, model, stack)
        pids = [*(peer.pid for peer in peers.values()), alone.pid]
        for streams, promise in PROMISES.items():
            settings.say(f"  {streams} at once")
            drives: dict[str, Callable[[int], Run]] = {
                name: partial(_over_http, server, streams, pids) for name, server in peers.items()
            }
            if streams == SLOTS:
                drives["serialised"] = partial(_behind_lock, alone, streams, pids)
            runs = take_turns(settings, drives)
            for name, taken in runs.items():
                yield Row(name=f"{streams} at once, {name}", figure=best(taken).rate, unit="tokens/s",
                          note=describe(taken))  # fmt: skip
            yield from _beside_peer(runs, streams, promise)
            if streams == SLOTS:
                yield from _beside_lock(runs, "ours" if "ours" in runs else "ours, portable")


def measure_demo(settings: Settings) -> Iterator[Row]:
    """The demo model, one thread for all peers, as more do not help a model of this size."""
    streams = [[_chatml(QUESTIONS[(number + turn) % len(QUESTIONS)]) for turn in range(DEMO_TURNS)]
               for number in range(SLOTS)]  # fmt: skip
    words = ("--demo", "--slots", str(SLOTS), "--context", str(DEMO_CONTEXT), "--threads", "1")
    published = PUBLISHED if PUBLISHED.exists() else None  # without our changes, which make one token alone faster too
    with (
        servers.ours(settings, *words) as server,
        servers.serialised(demo_model(), threads=1, context=DEMO_CONTEXT) as alone,
        servers.serialised(demo_model(), threads=1, context=DEMO_CONTEXT, python=published) as as_published,
    ):
        pids = [server.pid, alone.pid, as_published.pid]
        counted: dict[int, int] = {}

        def over_http(_turn: int) -> Run:
            run = _run(server, streams, 200, pids)
            counted[0] = run.tokens
            return run

        def behind_lock(process: "Popen[str]", _turn: int) -> Run:
            watch = Watch(pids)
            told = servers.drive(process, {"streams": streams, "tokens": 200})
            texts = [told["texts"][f"{number} {turn}"] for number in range(SLOTS) for turn in range(DEMO_TURNS)]
            return Run(tokens=counted[0], seconds=told["seconds"], last_ttft_s=told["ttft_s"][-1], noise=watch.read(),
                       texts=tuple(texts))  # fmt: skip

        over_http(0)  # counts the tokens of the answers, and warms
        drives = {"serialised, our build": partial(behind_lock, alone), "ours": over_http}
        if published:
            drives["serialised, as published"] = partial(behind_lock, as_published)
        runs = take_turns(settings, drives)
    for name, taken in runs.items():
        yield Row(name=f"demo, 16 at once, {name}", figure=best(taken).rate, unit="tokens/s", note=describe(taken))
    peer = list(runs)[-1] if published else "serialised, our build"
    same = sum(one == other for one, other in zip(runs["ours"][0].texts, runs[peer][0].texts, strict=True))
    figure = best(runs["ours"]).rate / best(runs[peer]).rate
    yield ratio(f"demo, 16 at once, ours : {peer}", figure, DEMO, judge=judged(runs, "ours", peer),
                note=f"{same} of {SLOTS * DEMO_TURNS} answers are the same text")  # fmt: skip
    if published:
        figure = best(runs["ours"]).rate / best(runs["serialised, our build"]).rate
        yield Row(name="demo, 16 at once, ours : serialised, our build", figure=figure, unit="x")


def _peers(settings: Settings, model: Path, stack: ExitStack) -> tuple[dict[str, Server], "Popen[str]"]:
    """Ours with each build that there is, llama-server's where it can be had, and the model behind a lock."""
    words = (str(model), "--slots", str(SLOTS), "--context", str(CONTEXT), "--threads", str(settings.threads))
    here = servers.features()
    settings.say(f"  the build here: {', '.join(sorted(here))}")
    peers = {}
    python = servers.peer_python(settings)
    theirs = servers.peer_features(python) if python else here
    if theirs != here:
        peers["ours"] = stack.enter_context(servers.ours(settings, *words))
        if build := servers.portable_build(settings):
            peers["ours, portable"] = stack.enter_context(servers.ours(settings, *words, build=build))
        else:
            settings.skip("ours with llama-server's instructions", "no portable build is kept; `--portable WHEEL`")
    else:
        peers["ours, portable"] = stack.enter_context(servers.ours(settings, *words))
    if python:
        settings.say(f"  llama-server's build: {', '.join(sorted(theirs))}")
        peers["llama-server"] = stack.enter_context(servers.llama_server(settings, python, model))
    else:
        settings.skip("llama-server", f"{servers.PEER} cannot be installed here")
    return peers, stack.enter_context(servers.serialised(model, threads=settings.threads))


def _beside_peer(runs: Runs, streams: int, promise: float) -> Iterator[Row]:
    if "llama-server" not in runs:
        return
    peer = runs["llama-server"]
    for name in ("ours, portable", "ours"):
        if name not in runs:
            continue
        figure = best(runs[name]).rate / best(peer).rate
        row = f"{streams} at once, {name} : llama-server"
        if name == "ours":
            yield Row(name=row, figure=figure, unit="x", note="other instructions")
            continue
        pairs = zip(runs[name][0].texts, peer[0].texts, strict=True)
        same = sum(one == other for one, other in pairs)
        yield ratio(row, figure, promise, judge=judged(runs, name, "llama-server"),
                    note=f"same instructions; {same} of {streams} answers are the same text")  # fmt: skip


def _beside_lock(runs: Runs, name: str) -> Iterator[Row]:
    judge = judged(runs, name, "serialised")
    figure = best(runs[name]).rate / best(runs["serialised"]).rate
    yield ratio(f"{SLOTS} at once, {name} : serialised", figure, SERIAL, judge=judge, note="the same build")
    mine, other = first(runs[name]), first(runs["serialised"])
    yield limit(f"TTFT of the {SLOTS}th, {name} : serialised", mine / other, "x", FIRST, judge=judge,
                note=f"{mine:.2f} s : {other:.2f} s")  # fmt: skip


def _over_http(server: Server, streams: int, pids: Sequence[int], turn: int) -> Run:
    return _run(server, [[prompt] for prompt in _prompts(streams, turn)], TOKENS, pids)


def _behind_lock(process: "Popen[str]", streams: int, pids: Sequence[int], turn: int) -> Run:
    watch = Watch(pids)
    order = {"streams": [[prompt] for prompt in _prompts(streams, turn)], "tokens": TOKENS}
    told = servers.drive(process, order)
    tokens = streams * TOKENS  # no answer of a random model ends by itself
    texts = tuple(told["texts"][f"{number} 0"] for number in range(streams))
    return Run(tokens=tokens, seconds=told["seconds"], last_ttft_s=told["ttft_s"][-1], noise=watch.read(), texts=texts)


def _run(server: Server, streams: Sequence[Sequence[str]], tokens: int, pids: Sequence[int]) -> Run:
    watch = Watch(pids)
    answers = [answer for stream in ask(server.port, [[_wanted(server, prompt, tokens) for prompt in prompts]
                                                      for prompts in streams]) for answer in stream]  # fmt: skip
    noise = watch.read()
    return Run(
        tokens=sum(answer.tokens for answer in answers), seconds=max(answer.done_s for answer in answers),
        last_ttft_s=max(answer.ttft_s for answer in answers), noise=noise,
        texts=tuple(answer.text() for answer in answers),
    )  # fmt: skip


def _wanted(server: Server, prompt: str, tokens: int) -> Wanted:
    """The same tokens for every peer; our /v1/completions, as Ollama's, would put a chat template around them."""
    if server.speaks_ollama:
        options = {"temperature": 0, "repeat_penalty": 1.0, "num_predict": tokens}
        return Wanted(
            path="/api/generate", body={"model": server.model, "prompt": prompt, "raw": True, "options": options}
        )
    body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, "repeat_penalty": 1.0,
            "stream": True, "stream_options": {"include_usage": True}}  # fmt: skip
    return Wanted(path="/v1/completions", body=body)


def _prompts(streams: int, turn: int) -> list[str]:
    """The same for every peer, others in each turn, so that nobody remembers them."""
    chance = random.Random(f"{streams} {turn}")
    return ["".join(chance.choices(LETTERS, k=PROMPT_LETTERS)) for _ in range(streams)]


def _chatml(question: str) -> str:
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
