"""One try of one client: its command line, what it cost, what it printed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients_parts.world import TOKENS

PEERS = Path.home() / ".cache/ollascope/benchmarks"
PATIENCE_S = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every client is asked for."""

    url: str
    streams: int
    requests: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a client says it saw."""

    ttft_p50_s: float
    ttft_p99_s: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What it took: CPU of the client and all its children."""

    cpu_s: float
    wall_s: float
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A client: where it lies, how it is called, how its result is read."""

    name: str
    program: Path
    command: Callable[[Order], list[str]]
    read: Callable[[Path], Told]
    packages: Path
    environment: Mapping[str, str]


def run(peer: Peer, order: Order) -> Cost:
    """Runs a client to its end."""
    before, started = os.times(), time.monotonic()
    log = order.folder / f"{peer.name}.log"
    with log.open("wb") as out:
        words = peer.command(order)
        try:
            code = subprocess.run(words, stdout=out, stderr=out, env=os.environ | peer.environment, check=False,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE_S).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            code = -1
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    last = log.read_text(errors="replace").strip().splitlines()[-1:] if code else []
    return Cost(
        cpu_s=cpu, wall_s=time.monotonic() - started, failed=f"exit {code}: {''.join(last)[:80]}" if code else ""
    )


def ours() -> Peer:
    program = Path(sys.executable).parent / "ollascope"

    def command(order: Order) -> list[str]:
        return [str(program), "--data", str(order.folder / "data"), "bench", "run", "--url", order.url,
                "--api", "openai", "--model", "scripted", "--concurrency", str(order.streams),
                "--requests", str(order.requests),
                "--max-tokens", str(TOKENS), "--json", str(order.folder / "ollascope.json")]  # fmt: skip

    def read(folder: Path) -> Told:
        found = json.loads((folder / "ollascope.json").read_text())
        ttft = found["metrics"]["ttft_s"]
        return Told(ttft_p50_s=ttft["p50"], ttft_p99_s=ttft["p99"], requests=found["delivered"]["ok"])

    return Peer(name="ollascope", program=program, command=command, read=read, packages=Path(), environment={})


def guidellm(tokenizer: Path) -> Peer:
    program = PEERS / "guidellm/bin/guidellm"

    def command(order: Order) -> list[str]:
        return [str(program), "run", "--backend",
                f"kind=openai_http,target={order.url},model=scripted,validate_backend=false",
                "--profile", f"kind=concurrent,streams={order.streams}",
                "--constraint", f"kind=max_requests,count={order.requests}",
                "--tokenizer", f"kind=hf_auto,model={tokenizer}",
                "--data", f"kind=synthetic_text,prompt_tokens=20,output_tokens={TOKENS}",
                "--output", f"kind=json,path={order.folder / 'guidellm.json'}", "--disable-console"]  # fmt: skip

    def read(folder: Path) -> Told:
        told: dict[str, Any] = json.loads((folder / "guidellm.json").read_text())["benchmarks"][0]["metrics"]
        ttft = told["time_to_first_token_ms"]["successful"]
        parts = ttft["percentiles"]
        return Told(ttft_p50_s=parts["p50"] / 1e3, ttft_p99_s=parts["p99"] / 1e3, requests=ttft["count"])

    return Peer(name="guidellm", program=program, command=command, read=read,
                packages=_packages("guidellm"), environment={"HF_HUB_OFFLINE": "1"})  # fmt: skip


def aiperf(tokenizer: Path) -> Peer:
    program = PEERS / "aiperf/bin/aiperf"

    def command(order: Order) -> list[str]:
        return [str(program), "profile", "-m", "scripted", "-u", order.url, "--endpoint-type", "chat", "--streaming",
                "--tokenizer", str(tokenizer), "--concurrency", str(order.streams), "--request-count",
                str(order.requests), "--synthetic-input-tokens-mean", "20", "--output-tokens-mean", str(TOKENS),
                "--artifact-dir", str(order.folder / "aiperf"), "--ui", "none"]  # fmt: skip

    def read(folder: Path) -> Told:
        told = json.loads((folder / "aiperf/profile_export_aiperf.json").read_text())
        ttft = told["time_to_first_token"]
        return Told(ttft_p50_s=ttft["p50"] / 1e3, ttft_p99_s=ttft["p99"] / 1e3, requests=ttft["count"])

    return Peer(
        name="aiperf", program=program, command=command, read=read, packages=_packages("aiperf"), environment={}
    )


def _packages(name: str) -> Path:
    return next((PEERS / name).glob("lib/python*/site-packages"), PEERS / name)
