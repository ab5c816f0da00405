"""The commands `calls` and `ledger`: what was recorded, and the files it lies in."""

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import cast

import click

from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.ledger.calls.export import Kind, write_csv, write_parquet
from ollascope.ledger.codec import encode
from ollascope.ledger.reading import Following, Tally, find_call, last_calls, read_calls, read_samples
from ollascope.ledger.retention import Retired, retire
from ollascope.ledger.retention import usage as measure
from ollascope.ledger.rolling import Progress, Rolled, roll_up
from ollascope.ledger.rolling import rebuild as sum_anew
from ollascope.ledger.rollups import discard
from ollascope.ledger.sealed.sealing import Sealed, seal, upkeep
from ollascope.ledger.segment import Segment
from ollascope.ledger.select import COUNTED, EVERY, Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.verify import Verdict, verify_sums
from ollascope.ledger.verify import verify as read_all
from ollascope.logs.form import printable
from ollascope.settings.load import Settings
from ollascope.wire import load_settings
from ollascope.words.call import Call
from ollascope.words.clock import utc_text
from ollascope.words.errors import BadUsage, RecordInvalid, StorageTrouble, VerdictNo
from ollascope.words.metrics import metric
from ollascope.words.record import to_json
from ollascope.words.sample import Sample

FOLDER = "ledger"
UNMEASURED = "-"
LOOK_S = 0.5  # between two looks of `calls tail -f`
BAR_AFTER_S = 2.0  # a progress bar for less only flickers
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
HEADERS = (
    "sent (UTC)",
    "id",
    "source",
    "model",
    "outcome",
    "ttft s",
    "total s",
    "tokens in",
    "out",
    "tokens/s",
    "flags",
)


@click.group()
def calls() -> None:
    """Look at the Calls that were recorded."""


@click.group()
def ledger() -> None:
    """Look after the files that Calls and Samples are recorded in."""


def chosen(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose Calls, handed over as one `Where`."""

    @wraps(command)
    def choose(*args: object, since: str | None, until: str | None, counted: bool, **rest: object) -> None:
        now = time.time()
        words = {name: rest.pop(name) for name in _WORDS}
        where = Where(
            since=instant(since, now) if since else None,
            until=instant(until, now) if until else None,
            counted=COUNTED if counted else EVERY,
            **cast("dict[str, str | None]", words),
        )
        command(*args, where=where, **rest)

    for name in reversed(_WORDS):
        flag = "--key" if name == "key_id" else f"--{name}"
        choose = click.option(flag, name, metavar="WORD", help=f"Only Calls with this {flag[2:]}.")(choose)
    choose = click.option("--counted", is_flag=True, help="Only Calls that summaries count.")(choose)
    choose = click.option("--until", metavar="TIME", help="Only Calls sent before this time.")(choose)
    return click.option(
        "--since", metavar="TIME", help="Only Calls sent since this time: 2h, 3d, or 2026-11-21T08:15 (UTC)."
    )(choose)


_WORDS = ("source", "engine", "backend", "model", "outcome", "arm", "key_id", "run")


@calls.command()
@click.option(
    "-n", "--lines", default=10, show_default=True, type=click.IntRange(min=0), help="How many to begin with."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with each Call that comes.")
@chosen
@json_option
@click.pass_obj
def tail(invocation: Invocation, where: Where, lines: int, follow: bool, as_json: bool) -> None:
    """Print the last Calls, and with -f those that come."""
    folder = _folder(load_settings(invocation))
    following = Following(folder, where) if follow else None  # begun first: nothing falls between the two
    tally = Tally()
    last = last_calls(folder, where, lines, tally)
    _warn(tally)
    if as_json:
        _print_lines(last)
    else:
        _print_table(last)
    if following is not None:
        _follow(following, {call.id for call in last}, as_json)


def _follow(following: Following, told: set[str], as_json: bool) -> None:
    """Print each Call that comes, but for those that were told already, as one that came meanwhile was."""
    while True:
        time.sleep(LOOK_S)
        found = [call for call in following.look() if call.id not in told]
        _print_lines(found) if as_json else _print_rows(found)


@calls.command()
@chosen
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many Calls.")
@json_option
@click.pass_obj
def query(invocation: Invocation, where: Where, limit: int, as_json: bool) -> None:
    """Print the Calls that are meant, oldest first."""
    tally = Tally()
    found = list(islice(read_calls(_folder(load_settings(invocation)), where, tally), limit + 1))
    _warn(tally)
    if as_json:
        print_json([to_json(call) for call in found[:limit]])
    else:
        _print_table(found[:limit])
    if len(found) > limit:
        note(f"there are more than {limit}; --limit shows them, `ollascope calls export` writes all to a file")


@calls.command()
@click.argument("number", metavar="ID")
@json_option
@click.pass_obj
def show(invocation: Invocation, number: str, as_json: bool) -> None:
    """Print everything that is known of one Call."""
    call = find_call(_folder(load_settings(invocation)), number)
    if call is None:
        raise BadUsage(
            f"there is no Call {number[:60]!r}", hint="`ollascope calls tail` shows the ids of the last ones"
        )
    if as_json:
        print_json(to_json(call))
        return
    facts = to_json(call) | {"sent_at": utc_text(call.sent_at)}
    names = [entry.name for entry in fields(Call) if entry.name in facts]
    rows = [(name, _shown(facts[name])) for name in [*names, *sorted(facts.keys() - set(names))]]
    table(("field", "value"), [(printable(name), printable(value)) for name, value in rows])


def _exporting(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--format", "form", type=click.Choice(["csv", "parquet"]), help="By default as FILE ends.")(
        command
    )  # fmt: skip
    return click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                        help="Write to this file.")(command)  # fmt: skip


@calls.command("export")
@chosen
@_exporting
@click.pass_obj
def export_calls(invocation: Invocation, where: Where, output: Path | None, form: str | None) -> None:
    """Write Calls as CSV, or as Parquet where pyarrow is installed."""
    tally = Tally()
    _export(read_calls(_folder(load_settings(invocation)), where, tally), Call, output, form)
    _warn(tally)


@ledger.command("export")
@chosen
@click.option("--samples", is_flag=True, help="Samples of the machine instead of Calls.")
@_exporting
@click.pass_obj
def export_ledger(invocation: Invocation, where: Where, samples: bool, output: Path | None, form: str | None) -> None:
    """Write Calls or Samples as CSV, or as Parquet where pyarrow is installed."""
    tally = Tally()
    folder = _folder(load_settings(invocation))
    if not samples:
        _export(read_calls(folder, where, tally), Call, output, form)
    elif where != Where(since=where.since, until=where.until):
        raise BadUsage("Samples have nothing of Calls to be chosen by", hint="use --since and --until alone")
    else:
        _export(read_samples(folder, where.since, where.until, tally), Sample, output, form)
    _warn(tally)


def _export(found: Iterable[Call | Sample], kind: Kind, output: Path | None, form: str | None) -> None:
    form = form or ("parquet" if output is not None and output.suffix == ".parquet" else "csv")
    if output is None:
        if form == "parquet":
            raise BadUsage("Parquet is no text for a terminal or a pipe", hint="name a file with --output FILE")
        count = write_csv(found, kind, sys.stdout)
    else:
        try:
            count = _export_to(output, found, kind, form)
        except OSError as error:
            raise StorageTrouble(
                f"{output} cannot be written ({error.strerror})", hint="name another file with --output FILE"
            ) from error
    note(f"{count} {kind.__name__}s exported" + (f" to {output}" if output else ""))


def _export_to(output: Path, found: Iterable[Call | Sample], kind: Kind, form: str) -> int:
    if form == "parquet":
        return write_parquet(found, kind, output)
    with output.open("w", encoding="utf-8", newline="") as out:
        return write_csv(found, kind, out)


@ledger.command()
@json_option
@click.pass_obj
def verify(invocation: Invocation, as_json: bool) -> None:
    """Read every file to its end and hold the sums against the Calls."""
    folder = _folder(load_settings(invocation))
    verdicts = list(read_all(folder, time.time(), progress=_bar("verifying")))
    complaints = verify_sums(folder, verdicts)
    if as_json:
        print_json({"files": [_verdict(verdict) for verdict in verdicts], "sums": complaints})
    else:
        odd = [verdict for verdict in verdicts if verdict.problems or verdict.notes]
        if odd:
            table(("file", "records", "what"),
                  [(printable(f"{one.path.parent.name}/{one.path.name}"), str(one.records),
                    "; ".join((*one.problems, *one.notes))) for one in odd])  # fmt: skip
        for complaint in complaints:
            say(complaint)
        say(f"{len(verdicts)} files, {sum(verdict.records for verdict in verdicts)} records")
    bad = sum(bool(verdict.problems) for verdict in verdicts)
    if bad or complaints:
        raise VerdictNo(
            f"{bad} files have problems" if bad else "the sums differ from the Calls",
            hint="what can be read is read; `ollascope ledger rebuild` makes the sums anew",
        )


@ledger.command()
@click.option("--wait", is_flag=True, help="Wait for another process that looks after the ledger.")
@json_option
@click.pass_obj
def compact(invocation: Invocation, wait: bool, as_json: bool) -> None:
    """Compress finished files, sum what is new, and give up what is no longer kept."""
    settings = load_settings(invocation)
    folder = _folder(settings)
    if not folder.is_dir():
        note("nothing has been recorded yet")
        if as_json:
            print_json(_compacted(Sealed(), Rolled(), Retired()))
        return
    with upkeep(folder, wait=wait):
        sealed = seal(folder, progress=_bar("compressing"))
        rolled = roll_up(folder, progress=_bar("summing"))
        retired = retire(folder, settings.of(Ledger), time.time(), progress=_bar("giving up"))
    if as_json:
        print_json(_compacted(sealed, rolled, retired))
        return
    say(f"{rolled.calls} Calls summed")
    say(f"{sealed.segments} files compressed, {_mib(sealed.raw_bytes)} to {_mib(sealed.sealed_bytes)}; "
        f"{sealed.in_use} are being written")  # fmt: skip
    say(f"{retired.segments} files given up, {_mib(retired.bytes)}")


def _compacted(sealed: Sealed, rolled: Rolled, retired: Retired) -> dict[str, int]:
    return {
        "summed_calls": rolled.calls, "sealed_segments": sealed.segments, "sealed_from_bytes": sealed.raw_bytes,
        "sealed_to_bytes": sealed.sealed_bytes, "segments_in_use": sealed.in_use,
        "retired_segments": retired.segments, "retired_bytes": retired.bytes,
    }  # fmt: skip


@ledger.command()
@click.option("--wait", is_flag=True, help="Wait for another process that looks after the ledger.")
@json_option
@click.pass_obj
def rebuild(invocation: Invocation, wait: bool, as_json: bool) -> None:
    """Make the sums per minute and hour anew from the Calls."""
    folder = _folder(load_settings(invocation))
    if not folder.is_dir():
        note("nothing has been recorded yet")
        if as_json:
            print_json(_rebuilt(Rolled(), 0))
        return
    with upkeep(folder, wait=wait):
        try:
            rolled, kept = sum_anew(folder, progress=_bar("summing"))
        except RecordInvalid as error:
            note(f"{error.message}; it is made from nothing")
            discard(folder)
            rolled, kept = sum_anew(folder, progress=_bar("summing"))
    if as_json:
        print_json(_rebuilt(rolled, kept))
        return
    say(f"{rolled.calls} Calls summed" + (f", {rolled.invalid} lines skipped" if rolled.invalid else ""))
    if kept:
        note(f"{kept} days keep the sums they had, since some of their Calls can no longer be read")


def _rebuilt(rolled: Rolled, kept: int) -> dict[str, int]:
    return {"summed_calls": rolled.calls, "invalid_lines": rolled.invalid, "kept_days": kept}


@ledger.command()
@json_option
@click.pass_obj
def usage(invocation: Invocation, as_json: bool) -> None:
    """Show how much lies in the ledger, kind by kind."""
    found = measure(_folder(load_settings(invocation)))
    if as_json:
        print_json([
            {"kind": one.kind, "files": one.files, "bytes": one.bytes, "first": one.first, "last": one.last}
            for one in found
        ])  # fmt: skip
        return
    table(("kind", "files", "size", "first day", "last day"),
          [(one.kind, str(one.files), _mib(one.bytes), one.first or UNMEASURED, one.last or UNMEASURED)
           for one in found])  # fmt: skip


def instant(text: str, now: float) -> float:
    """A time as people write it: so long ago, or a date with or without a time of day, in UTC unless it says else."""
    if match := re.fullmatch(r"(\d{1,9})([smhdw])", text):
        return now - int(match[1]) * UNITS[match[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"{text[:60]!r} is no time", hint="write 90s, 15m, 2h, 3d, 1w or 2026-11-21T08:15") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _folder(settings: Settings) -> Path:
    return settings.data_folder / FOLDER


def _print_lines(found: Iterable[Call]) -> None:
    for call in found:
        say(encode(call).decode().rstrip("\n"))


def _print_table(found: list[Call]) -> None:
    if found:
        table(HEADERS, [_row(call) for call in found])
    else:
        note("no Calls")


def _print_rows(found: list[Call]) -> None:
    for call in found:
        say("  ".join(_row(call)))


def _row(call: Call) -> tuple[str, ...]:
    cells = (
        utc_text(call.sent_at), call.id, call.source, call.model or UNMEASURED, call.outcome,
        _figure(call, "ttft_s"), _figure(call, "total_s"), _shown(call.tokens_in), _shown(call.tokens_out),
        _figure(call, "decode_tokens_per_s"), " ".join(call.flags),
    )  # fmt: skip
    return tuple(map(printable, cells))  # a client may name a model as it likes


def _figure(call: Call, name: str) -> str:
    value = metric(name).of(call)
    if value is None:
        return UNMEASURED
    return f"{value:.1f}" if name.endswith("per_s") else f"{value:.3f}"


def _shown(value: object) -> str:
    return UNMEASURED if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "file": str(verdict.path), "kind": verdict.kind, "day": verdict.day, "records": verdict.records,
        "problems": list(verdict.problems), "notes": list(verdict.notes),
    }  # fmt: skip


def _warn(tally: Tally) -> None:
    """What could not be read is told, whatever was asked for."""
    for count, what in ((tally.damaged, "files are damaged inside"), (tally.invalid, "lines are no records")):
        if count:
            note(f"{count} {what} and were skipped; `ollascope ledger verify` says where")


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _bar(label: str) -> Progress:
    """A bar on standard error over whatever takes longer than two seconds, where a person looks."""

    def follow(found: Iterable[Segment]) -> Iterator[Segment]:
        if not sys.stderr.isatty():
            yield from found
            return
        from rich.console import Console  # noqa: PLC0415 - costs 60 ms that a pipe need not pay
        from rich.progress import Progress as Bar  # noqa: PLC0415

        items = list(found)
        sizes = [item.size() for item in items]
        started = time.monotonic()
        with Bar(console=Console(stderr=True), transient=True, disable=False) as bar:
            task = bar.add_task(label, total=sum(sizes), visible=False)
            for item, size in zip(items, sizes, strict=True):
                bar.update(task, visible=time.monotonic() - started > BAR_AFTER_S)
                yield item
                bar.advance(task, size)

    return follow
