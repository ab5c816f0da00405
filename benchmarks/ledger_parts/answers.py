"""The same question to everyone: p50, p95 and p99 of the time to first token per model and outcome, last 24 hours."""

import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from ledger_parts.data import SINCE, UNTIL
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.select import Where
from ollascope.ledger.summary import EVERY_METRIC, Question, summarise

Answer = dict[tuple[str, str], tuple[float, float, float]]
SHARES = (0.5, 0.95, 0.99)


def main() -> None:
    """Answer once, in a process of its own, and print seconds, peak memory and the answer."""
    name, folder = sys.argv[1:3]
    prepare, ask = WAYS[name]
    if len(sys.argv) > 3:
        started = time.perf_counter()
        prepare(Path(folder))
        print(json.dumps({"seconds": time.perf_counter() - started}))
        return
    cpu = time.process_time()
    answer, seconds = ask(Path(folder))
    cpu = time.process_time() - cpu
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [[*key, *values] for key, values in sorted(answer.items())]
    print(json.dumps({"seconds": seconds, "cpu": cpu, "rss_mib": rss, "answer": rows}))


def timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.perf_counter()
    answer = ask()
    return answer, time.perf_counter() - started


def ours(folder: Path, *, raw: bool, metrics: tuple[str, ...] = ("ttft_s",)) -> tuple[Answer, float]:
    question = Question(where=Where(since=SINCE, until=UNTIL), by=("model", "outcome"), metrics=metrics)

    def ask() -> Answer:
        found = summarise(folder, question, raw=raw)
        figures = {key: summary.metrics["ttft_s"] for key, summary in found.items()}
        return {key: (one.p50, one.p95, one.p99) for key, one in figures.items()}  # type: ignore[misc]

    return timed(ask)


def sums(folder: Path) -> tuple[Answer, float]:
    return ours(folder, raw=False)


def all_sums(folder: Path) -> tuple[Answer, float]:
    return ours(folder, raw=False, metrics=EVERY_METRIC)


def raw_calls(folder: Path) -> tuple[Answer, float]:
    return ours(folder, raw=True)


def all_raw_calls(folder: Path) -> tuple[Answer, float]:
    return ours(folder, raw=True, metrics=EVERY_METRIC)


def json_lines(folder: Path) -> tuple[Answer, float]:
    """What anyone would write in ten lines."""

    def ask() -> Answer:
        groups: dict[tuple[str, str], list[float]] = {}
        for path in folder.glob("*/calls-*.jsonl"):
            with path.open(encoding="utf-8") as file:
                next(file)
                for line in file:
                    call = json.loads(line)
                    if SINCE <= call["sent_at"] < UNTIL:
                        groups.setdefault((call["model"], call["outcome"]), []).append(call["first_chunk_s"])
        return {key: tuple(nearest(sorted(values))) for key, values in groups.items()}  # type: ignore[misc]

    return timed(ask)


def nearest(ordered: list[float]) -> list[float]:
    return [ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)] for share in SHARES]


def roll(folder: Path) -> None:
    roll_up(folder)


def fill_sqlite(folder: Path) -> None:
    connection = sqlite3.connect(folder / "peer.sqlite3")
    connection.execute("CREATE TABLE calls (sent_at REAL, model TEXT, outcome TEXT, ttft REAL)")
    for path in folder.glob("*/calls-*.jsonl"):
        with path.open("rb") as file:
            next(file)
            rows = (orjson.loads(line) for line in file)
            connection.executemany(
                "INSERT INTO calls VALUES (?, ?, ?, ?)",
                ((call["sent_at"], call["model"], call["outcome"], call["first_chunk_s"]) for call in rows),
            )
    connection.execute("CREATE INDEX by_group ON calls (model, outcome, ttft, sent_at)")
    connection.commit()


def ask_sqlite(folder: Path) -> tuple[Answer, float]:
    connection = sqlite3.connect(folder / "peer.sqlite3")

    def ask() -> Answer:
        found: dict[tuple[str, str], list[float]] = {}
        query = """
            WITH ranked AS (
                SELECT model, outcome, ttft,
                    row_number() OVER (PARTITION BY model, outcome ORDER BY ttft) AS place,
                    count(*) OVER (PARTITION BY model, outcome) AS n
                FROM calls WHERE sent_at >= ? AND sent_at < ?)
            SELECT model, outcome, ttft FROM ranked
            WHERE place IN ((n * 50 + 99) / 100, (n * 95 + 99) / 100, (n * 99 + 99) / 100) ORDER BY 1, 2, place
        """
        for model, outcome, ttft in connection.execute(query, (SINCE, UNTIL)):
            found.setdefault((model, outcome), []).append(ttft)
        return {key: tuple(values) for key, values in found.items()}  # type: ignore[misc]

    return timed(ask)


DUCK = """
    SELECT model, outcome, quantile_disc(first_chunk_s, [0.5, 0.95, 0.99]) FROM {table}
    WHERE sent_at >= {since} AND sent_at < {until} GROUP BY 1, 2
"""
DUCK_FILES = """read_json('{folder}/*/calls-*.jsonl', format='newline_delimited',
    columns={{sent_at: 'DOUBLE', model: 'VARCHAR', outcome: 'VARCHAR', first_chunk_s: 'DOUBLE'}})"""


def fill_duckdb(folder: Path) -> None:
    import duckdb  # noqa: PLC0415 - a peer that need not be installed

    connection = duckdb.connect(str(folder / "peer.duckdb"))
    connection.execute(f"CREATE TABLE calls AS SELECT * FROM {DUCK_FILES.format(folder=folder)}")


def ask_duckdb(folder: Path) -> tuple[Answer, float]:
    import duckdb  # noqa: PLC0415 - a peer that need not be installed

    return _ask_duck(duckdb.connect(str(folder / "peer.duckdb"), read_only=True), "calls")


def ask_duckdb_files(folder: Path) -> tuple[Answer, float]:
    import duckdb  # noqa: PLC0415 - a peer that need not be installed

    return _ask_duck(duckdb.connect(), DUCK_FILES.format(folder=folder))


def _ask_duck(connection: object, table: str) -> tuple[Answer, float]:
    query = DUCK.format(table=table, since=SINCE, until=UNTIL)

    def ask() -> Answer:
        rows = connection.execute(query).fetchall()  # type: ignore[attr-defined]
        return {(model, outcome): tuple(values) for model, outcome, values in rows}  # type: ignore[misc]

    return timed(ask)


def nothing(folder: Path) -> None:
    """Files need no preparation."""


WAYS: dict[str, tuple[Callable[[Path], None], Callable[[Path], tuple[Answer, float]]]] = {
    "ours, sums": (roll, sums),
    "ours, sums, all 14 metrics": (nothing, all_sums),
    "ours, raw": (nothing, raw_calls),
    "ours, raw, all 14 metrics": (nothing, all_raw_calls),
    "plain JSON lines": (nothing, json_lines),
    "SQLite, table": (fill_sqlite, ask_sqlite),
    "DuckDB, JSON lines": (nothing, ask_duckdb_files),
    "DuckDB, table": (fill_duckdb, ask_duckdb),
}

if __name__ == "__main__":
    main()
