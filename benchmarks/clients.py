"""Our load tester beside guidellm and aiperf, on one server with known times: what each delivers, shows and costs.

The peers live in environments of their own, which this script never makes:
  python3 -m venv ~/.cache/ollascope/benchmarks/aiperf; …/aiperf/bin/pip install aiperf==0.13.0
  python3 -m venv ~/.cache/ollascope/benchmarks/guidellm; …/guidellm/bin/pip install torch==2.13.0 guidellm==0.8.1
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from clients_parts.sizes import folder_bytes, install_bytes
from clients_parts.tries import Cost, Order, Peer, Told, aiperf, guidellm, ours, run
from clients_parts.world import Truth, World

import ollascope  # noqa: F401 - where it lies tells its size

TOKENIZER = Path(__file__).parent / "clients_parts/tokenizer.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One client's try: what it told, what was true, what it cost."""

    peer: str
    cost: Cost
    truth: Truth
    told: Told | None


def main() -> None:
    """Tries every client at each number of streams; the exit code tells of breakage only."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--streams", type=int, action="append", help="may be given again (64 and 1000)")
    words.add_argument("--rounds", type=int, default=3, help="requests for each stream")
    words.add_argument("--only", action="append", help="ollascope, guidellm, aiperf")
    chosen = words.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"load average {os.getloadavg()[0]:.2f}", flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="clients-") as text:
        folder = Path(text)
        peers = [peer for peer in present(folder / "tokenizer") if not chosen.only or peer.name in chosen.only]
        print_sizes(peers)
        for streams in chosen.streams or [64, 1000]:
            print_tries([attempt(peer, streams, chosen.rounds, folder) for peer in peers], streams)


def present(tokenizer: Path) -> list[Peer]:
    """The clients that are here; those that are not are skipped with a word."""
    found = [ours()]
    for peer in (guidellm(tokenizer), aiperf(tokenizer)):
        if not peer.program.exists():
            print(f"{peer.name} is not here ({peer.program}): skipped")
            continue
        if not tokenizer.exists():
            subprocess.run([peer.program.parent / "python", TOKENIZER, tokenizer], check=True)
        found.append(peer)
    return found


def attempt(peer: Peer, streams: int, rounds: int, folder: Path) -> Try:
    place = folder / f"{peer.name}-{streams}"
    place.mkdir()
    with World(streams, streams * rounds) as world:
        world.forget()
        cost = run(peer, Order(url=world.url, streams=streams, requests=streams * rounds, folder=place))
        truth = world.truth(streams * rounds)
    try:
        told = peer.read(place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        told, cost = None, Cost(cpu_s=cost.cpu_s, wall_s=cost.wall_s, failed=cost.failed or f"no result: {error}")
    return Try(peer=peer.name, cost=cost, truth=truth, told=told)


def print_sizes(peers: Sequence[Peer]) -> None:
    mine = install_bytes()
    for peer in peers:
        size = mine if peer.name == "ollascope" else folder_bytes(peer.packages)
        print(f"{peer.name:10} install {size / 1e6:7.0f} MB, {size / mine:5.1f} of ours", flush=True)


def print_tries(tries: Sequence[Try], streams: int) -> None:
    base = next((one for one in tries if one.peer == "ollascope"), None)
    print(f"{streams} streams:")
    for one in tries:
        tokens = max(1, one.truth.tokens)
        per_token = one.cost.cpu_s / tokens * 1e6
        ratio = f"({per_token / (base.cost.cpu_s / max(1, base.truth.tokens) * 1e6):.1f} of ours)" if base else ""
        print(f"  {one.peer:10} {one.truth.requests} requests, peak in flight {one.truth.peak}, "
              f"CPU {one.cost.cpu_s:6.1f} s = {per_token:6.1f} us a token {ratio}, "
              f"{one.cost.wall_s:.0f} s; {error_text(one)} {one.cost.failed}", flush=True)  # fmt: skip


def error_text(one: Try) -> str:
    told, truth = one.told, one.truth
    if told is None:
        return "told nothing"
    pairs = (("TTFT p50", told.ttft_p50_s, truth.ttft_p50_s), ("p99", told.ttft_p99_s, truth.ttft_p99_s))
    return ", ".join(f"{name} {said * 1e3:.1f} ms (true {true * 1e3:.1f}, off by {abs(said - true) * 1e3:.1f})"
                     for name, said, true in pairs)  # fmt: skip


if __name__ == "__main__":
    main()
