"""How long the pages of History and of single models take on the server with many Calls in the ledger.

`python benchmarks/pages.py` writes a million Calls of 30 days (`--calls 10000000` for ten), sums them, and asks each
page again and again, with other filters and times, by the dashboard itself without a socket, beside a fake model server
on this machine. `--keep FOLDER` keeps the ledger.
"""

import argparse
import io
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask.testing import FlaskClient
from ledger_parts.data import KINDS, MODELS, ORIGIN, SEGMENT, one_call

from ollascope.ledger.codec import encode
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.rollups import HOUR_S, MINUTE_S, open_rollups
from ollascope.ledger.sealed.members import write_members
from ollascope.ledger.segment import DAY_S, day_of, header, segment_name
from ollascope.settings.data import create
from ollascope.settings.load import Sources, load
from ollascope.web.dashboard import make_dashboard
from ollascope.web.joint import Desk
from ollascope.wire import SECTIONS
from ollascope.words.ids import ALPHABET, Ids
from ollascope.words.record import dumps
from ollascope.words.sample import Gpu, Sample

DAYS = 30
MINUTES_DAYS = 14  # as long as sums per minute are kept
LIMIT_MS = 400.0
WARM_S = 600.0
UNFINISHED = (b"look further", b"summing this day up", b"reading what was recorded")


def main() -> None:
    """Print the figures beside the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="build it here, or use what was built here before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # sums may still be read when all is done
        data = given.keep or Path(folder) / "data"
        if not (data / "ledger").exists():
            began = time.perf_counter()
            size = build(data, given.calls, time.time())
            print(f"{given.calls:,} Calls of {DAYS} days written and summed in {time.perf_counter() - began:.0f} s, "
                  f"{size / 2**20:,.0f} MiB as they were written")  # fmt: skip
        with model_server(Path(folder)) as url:
            measure(data, url, given.rounds)


@contextmanager
def model_server(folder: Path) -> Iterator[str]:
    """`ollascope fake` with the models of the ledger; it answers at once."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    told = ["--data", str(folder / "fake"), f"--set=fake.models={','.join(MODELS)}", "fake", "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "ollascope", *told], stdout=subprocess.DEVNULL)
    try:
        while not answers(port):
            assert process.poll() is None, "the fake server ended"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def build(data: Path, count: int, now: float) -> int:
    """A ledger of so many Calls: one day is summed, and its sums stand for the same requests on all other days."""
    create(data)
    ledger = data / "ledger"
    source = random.Random(1)
    tails = [encode(one_call(source)).split(b'"source"', 1)[1] for _ in range(KINDS)]
    today = int(now // DAY_S) * DAY_S
    base = today - DAY_S
    step = DAY_S / (count / DAYS)
    size = write_day(ledger, base, base + DAY_S, step, tails)
    roll_up(ledger)
    end = int(now // MINUTE_S) * MINUTE_S
    for back in range(2, DAYS + 1):
        size += write_day(ledger, today - back * DAY_S, today - (back - 1) * DAY_S, step, tails)
    size += write_day(ledger, today, end, step, tails)
    for back in range(DAYS + 1):
        write_samples(ledger, today - back * DAY_S, min(today - (back - 1) * DAY_S, end))
    copy_sums(ledger, base, today, end)
    return size


def write_day(ledger: Path, start: int, end: float, step: float, tails: Sequence[bytes]) -> int:
    """The Calls of a day in files as they are once the monitor compressed them; the bytes as they were written."""
    day, at, number, written = day_of(start), 0, 0, 0
    while start + number * step < end:
        segment = Ids(wall=lambda: start + at).next()  # noqa: B023 - called at once
        parts = [header("calls", day, segment, ORIGIN)]
        size = 0
        while size < SEGMENT and start + number * step < end:
            sent = start + number * step
            line = b'{"id":"%s%016d","sent_at":%.6f,"source"' % (clock_part(sent), number, sent) + tails[number % KINDS]
            parts.append(line)
            size += len(line)
            number += 1
        at = int(number * step)
        path = ledger / day / (segment_name("calls", day, segment, ORIGIN) + ".gz")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_members(io.BytesIO(b"".join(parts)), file)
        written += size
    return written


def clock_part(at: float) -> bytes:
    """What an id says of its time."""
    number = int(at * 1000)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5)).encode()


def write_samples(ledger: Path, start: int, end: float) -> None:
    """A reading of the machine every five seconds."""
    day, source = day_of(start), random.Random(start)
    number = Ids(wall=lambda: start + 1.0).next()
    lines = [header("samples", day, number, ORIGIN).decode()]
    at = float(start)
    while at < end:
        gpu = Gpu(index=0, used_ratio=source.random(), memory_used_bytes=9 << 30, memory_total_bytes=24 << 30)
        lines.append(dumps(Sample(at=at, cpu_ratio=source.random(), memory_available_bytes=8 << 30,
                                  memory_total_bytes=32 << 30, gpus=(gpu,))) + "\n")  # fmt: skip
        at += 5.0
    path = ledger / day / (segment_name("samples", day, number, ORIGIN) + ".gz")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_members(io.BytesIO("".join(lines).encode()), file)


def copy_sums(ledger: Path, base: int, today: int, end: int) -> None:
    """The sums of the day that was summed, for all others."""
    with open_rollups(ledger, write=True) as connection:
        connection.execute("BEGIN IMMEDIATE")
        columns = "grp, calls, tokens_in, tokens_cached, tokens_out, spreads"
        for back in range(DAYS + 1):
            shift = today - back * DAY_S - base
            for span in (MINUTE_S, HOUR_S):
                if shift == 0 or (span == MINUTE_S and back > MINUTES_DAYS):
                    continue
                connection.execute(
                    f"INSERT OR IGNORE INTO cells SELECT span, at + ?, {columns} FROM cells"
                    " WHERE span = ? AND at >= ? AND at < ? AND at + ? <= ?",
                    (shift, span, base, base + DAY_S, shift, end - span),
                )
        known = {path for (path,) in connection.execute("SELECT segment FROM cursors")}
        for path in ledger.glob("*/calls-*"):
            number = path.name.split("-")[4]
            if number not in known:
                connection.execute("INSERT INTO cursors (segment, day, offset, over) VALUES (?, ?, 0, 1)",
                                   (number, path.parent.name))  # fmt: skip
        oldest = today - MINUTES_DAYS * DAY_S
        connection.execute("INSERT OR REPLACE INTO notes VALUES ('minutes-from', ?)", (oldest,))
        connection.execute("COMMIT")


def measure(data: Path, url: str, rounds: int) -> None:
    """Each page, first with nothing read ahead, then again and again."""
    settings = load(SECTIONS, Sources(data_folder=data, assignments=(f"engines.ollama.url={url}",)))
    made = make_dashboard(Desk(settings=settings, program=("ollascope",)), "127.0.0.1")
    client = made.app.test_client()
    source = random.Random(2)
    print(f"{'page':56}{'p50':>9}{'p95':>9}{'limit':>9}  ms")
    began = time.perf_counter()
    made.start()
    try:
        first = [ask(client, page(source)) for _ in range(2) for page in PAGES.values()]
        show("while all of it is read for the first time, any page", first)
        while not is_warm(client) and time.perf_counter() - began < WARM_S:
            time.sleep(2.0)
        print(f"read ahead after {time.perf_counter() - began:.0f} s")
        for name, page in PAGES.items():
            show(name, [ask(client, page(source)) for _ in range(rounds)])
    finally:
        made.close()


def is_warm(client: FlaskClient) -> bool:
    """Whether the longest charts and the speeds of all models are whole, and all files were looked through once."""
    if any(thread.name == "ahead" for thread in threading.enumerate()):
        return False
    speeds = [f"/api/v1/models/speed?name={model}&span={span}" for model in MODELS for span in ("day", "month")]
    if not all(client.get(address).get_json()["known"] for address in speeds):
        return False
    told = client.get("/api/v1/history?range=30d").get_json()
    return not told["missing"] and told["machine"]["whole"]


def ask(client: FlaskClient, address: str) -> tuple[float, bool]:
    """Milliseconds of the server for one page, and whether it told all that was asked."""
    began = time.perf_counter()
    answer = client.get(address)
    spent = (time.perf_counter() - began) * 1000
    assert answer.status_code in {200, 404, 504}, f"{address} answers {answer.status_code}"
    unfinished = any(words in answer.data for words in UNFINISHED)
    return spent, answer.status_code == 200 and not unfinished


def show(name: str, answers: Sequence[tuple[float, bool]]) -> None:
    ordered = sorted(time for time, _ in answers)
    part = sum(not whole for _, whole in answers)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    verdict = ("" if p95 <= LIMIT_MS else "  over") + (f"  {part} of {len(answers)} in part" if part else "")
    print(f"{name:56}{statistics.median(ordered):9.0f}{p95:9.0f}{LIMIT_MS:9.0f}{verdict}", flush=True)


def pages() -> Iterator[tuple[str, Callable[[random.Random], str]]]:
    """What is asked, each time a little different."""

    def instant(source: random.Random) -> float:
        return time.time() - source.random() * (DAYS - 1) * DAY_S

    for name in ("1h", "6h", "24h", "7d", "30d"):
        yield f"/history, {name}", lambda _, name=name: f"/history?range={name}"  # type: ignore[misc]
    yield "/history, 30d, one model", lambda source: f"/history?range=30d&model={source.choice(MODELS)}"
    yield "/history/calls, newest", lambda _: "/history/calls"
    yield "/history/calls, any place", lambda source: f"/history/calls?after={instant(source)!r}~"
    yield (
        "/history/calls, any place, oldest first",
        (lambda source: f"/history/calls?order=oldest&range=own&since={instant(source)!r}"),
    )
    yield (
        "/history/calls, one model that failed, any place",
        (lambda source: f"/history/calls?model={source.choice(MODELS)}&outcome=failed&after={instant(source)!r}~"),
    )
    yield (
        "/history/calls, slower than 20 s, any place",
        (lambda source: f"/history/calls?slower=20&after={instant(source)!r}~"),
    )
    yield "/history/calls, slower than any", lambda _: "/history/calls?slower=100000"
    for order in ("total", "ttft", "tokens-in", "tokens-out"):
        yield f"/history/calls, by {order}", lambda _, order=order: f"/history/calls?order={order}"  # type: ignore[misc]
    yield (
        "/history/calls, by total, one model in some days",
        (
            lambda source: (
                f"/history/calls?order=total&model={source.choice(MODELS)}&range=own&since={instant(source)!r}"
            )
        ),
    )
    yield "/history/calls/<id>", one_call_page
    yield (
        "/history/summary, any day",
        (lambda source: f"/history/summary?day={day_of(time.time() - source.randrange(1, 8) * DAY_S)}"),
    )
    yield "/api/v1/calls", lambda source: f"/api/v1/calls?after={instant(source)!r}~&limit=100"
    yield "/", lambda _: "/"
    yield "/models", lambda _: "/models"
    for span in ("day", "month"):
        yield (
            f"/models/about, {span}",
            (lambda source, span=span: f"/models/about?name={source.choice(MODELS)}&span={span}"),  # type: ignore[misc]
        )


def one_call_page(source: random.Random) -> str:
    """Some Call of some day, by its id alone."""
    start = int(time.time() // DAY_S - source.randrange(1, DAYS)) * DAY_S
    return f"/history/calls/{clock_part(start).decode()}{0:016d}"


PAGES = dict(pages())

if __name__ == "__main__":
    main()
