"""The commands `bench` and `quick`: measure a model server, and look at what was measured."""

import contextlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, cast

import click

from ollascope.bench import folder as names
from ollascope.bench.asked import Target
from ollascope.bench.given import (
    Said,
    asked_of,
    find_target,
    load_options,
    output_options,
    prompt_options,
    quick_options,
    run_options,
    target_options,
)
from ollascope.bench.given.lists import HEADERS, STYLES, rows
from ollascope.bench.given.outputs import check_outputs, goes_to_stdout, write_outputs
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.quick import answer, answer_facts, answer_lines
from ollascope.bench.result import Result
from ollascope.bench.running import Stand, Stop, carry_out, look_quickly, take_up
from ollascope.bench.running.following import Bar, Lines
from ollascope.bench.running.live import end_gently
from ollascope.bench.running.place import is_held
from ollascope.bench.running.resuming import read_asked
from ollascope.bench.shown import find, listing, result_at, runs, screen_lines
from ollascope.console.invocation import Invocation
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.settings import Engines
from ollascope.ledger.settings import Ledger
from ollascope.reports.page import save_page
from ollascope.reports.words import Language
from ollascope.settings.data import create
from ollascope.settings.load import Settings
from ollascope.wire import load_settings
from ollascope.words.errors import Interrupted, Trouble, VerdictNo

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOBODY: Final = Target(url="", model="")
WIDTH: Final = 100  # of a pipe


@click.group()
def bench() -> None:
    """Measure a model server: how fast it is, and whether that can be believed."""


@bench.command()
@target_options
@load_options
@prompt_options
@run_options
@output_options
@click.pass_obj
def run(invocation: Invocation, /, **values: object) -> None:
    """Measure: send requests as asked, and say what came of them.

    Without --url the server in force is measured, without --model the one in memory, without a load one user for half
    a minute. Ctrl-C ends with what there is. Results are kept in the data folder; `bench list` shows them.
    """
    said, settings = Said(values), load_settings(invocation)
    check_outputs(said)
    patience = settings.of(Engines).patience
    asked_of(said, NOBODY, patience)  # contradictions are told before a server is asked
    create(settings.data_folder, in_force=settings.file)
    found = find_target(said, settings, _teller(goes_to_stdout(said)))
    with _followed(invocation, settings, silent=goes_to_stdout(said)) as ground:
        stand = replace(
            ground,
            key=found.key,
            engines=found.engines,
            language=_language(said),
            run=said.text("run_id"),
            insists=True,
        )
        result = carry_out(asked_of(said, found.target, patience), stand)
    _conclude(said, stand, result)


@bench.command()
@click.argument("name", metavar="RUN")
@output_options
@click.pass_obj
def resume(invocation: Invocation, /, *, name: str, **values: object) -> None:
    """Go on with a run that was killed or interrupted: what has no answer is asked, and all of it is reckoned."""
    said, settings = Said(values), load_settings(invocation)
    check_outputs(said)
    folder = find(settings.data_folder, name)
    engines, asked = settings.of(Engines), read_asked(folder)
    key = engines.openai.key.reveal() if asked.target.api == "openai" else ""
    with _followed(invocation, settings, silent=goes_to_stdout(said)) as ground:
        stand = replace(ground, key=key, engines=engines, language=_language(said))
        result = take_up(folder, stand)
    _conclude(said, stand, result)


@bench.command()
@click.argument("sources", metavar="[RUN|FILE]...", nargs=-1)
@output_options
@click.pass_obj
def report(invocation: Invocation, /, *, sources: tuple[str, ...], **values: object) -> None:
    """Show what was measured, once more; several runs side by side.

    A run is named by its id, the beginning of it, `last` or a path; without a name it is the last one. A run that was
    killed is reckoned from what it left.
    """
    said, settings = Said(values), load_settings(invocation)
    check_outputs(said)
    places = [find(settings.data_folder, source) for source in sources or ("last",)]
    results = [_result_at(place) for place in places]
    _show(said, results, places)
    _be_strict(said, results)


@bench.command("list")
@json_option
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """Show all runs, the latest first."""
    found = runs(load_settings(invocation).data_folder, is_held)
    if as_json:
        print_json(listing(found))
    elif found:
        table(HEADERS, rows(found), STYLES)
    else:
        note("nothing was measured yet; `ollascope bench run --help` tells how")


@bench.command()
@click.argument("name", metavar="RUN")
@click.pass_obj
def stop(invocation: Invocation, name: str) -> None:
    """End a run that is under way; it keeps what it measured, marked as partial."""
    folder = find(load_settings(invocation).data_folder, name)
    end_gently(folder)
    say(f"the run {folder.name} has ended; `ollascope bench report {folder.name}` shows what there is")


@click.command()
@quick_options
@json_option
@click.pass_obj
def quick(invocation: Invocation, /, *, as_json: bool, **values: object) -> None:
    """Tell in under a minute how fast a model answers, and what limits it.

    A short warm-up, one user for a quarter of a minute, then 2, 4 and 8 at once: speed, time to the first token,
    requests a second, the machine beside it, what limits it, and one next step.
    """
    said, settings = Said(values), load_settings(invocation)
    check_outputs(said)
    create(settings.data_folder, in_force=settings.file)
    found = find_target(said, settings, _teller(as_json))
    language = _language(said)
    with _followed(invocation, settings, silent=as_json) as ground:
        stand = replace(ground, key=found.key, engines=found.engines, language=language)
        warm, results = look_quickly(found.target, stand)
    if as_json:
        print_json(answer_facts(results, warm))
    else:
        for line in answer_lines(results, warm, language, _width()):
            say(line)
    if (page := said.path("html_file")) is not None:
        save_page(answer(results, warm, language), page)
        note(f"written: {page}")
    _end(stand, Interrupted("the quick look was interrupted", hint="the same command starts again"))


@contextlib.contextmanager
def _followed(invocation: Invocation, settings: Settings, *, silent: bool) -> Iterator[Stand]:
    """Somebody follows the run, and signals end it: gently the first time, at once the second."""
    stop, quiet = Stop(), invocation.quiet or silent
    follower = Bar() if sys.stderr.isatty() and not quiet else Lines(note, silent=quiet)

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.ask()

    meant = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # as nohup sets one
    before = [signal.signal(number, ask) for number in meant]
    try:
        with follower:
            yield Stand(data=settings.data_folder, ledger=settings.of(Ledger), listener=follower, stop=stop)
    except KeyboardInterrupt:
        if stop.asked:
            hint = "`ollascope bench list` names the run, `ollascope bench report` shows what it left"
            raise Interrupted("the run was ended at once", hint=hint) from None
        raise Interrupted("nothing was measured yet", hint="the same command starts again") from None
    finally:
        for number, handler in zip(meant, before, strict=True):
            signal.signal(number, handler)


def _conclude(said: Said, stand: Stand, result: Result) -> None:
    """What came of it, on the screen first: a file that cannot be written must not take the result with it."""
    folder = names.results(stand.data) / result.run
    _show(said, [result], [folder])
    if not goes_to_stdout(said):
        note(f"kept as {result.run}; `ollascope bench report {result.run}` shows it again")
    hint = f"`ollascope bench resume {result.run}` goes on where it was ended"
    if not stand.stop.asked:
        _be_strict(said, [result])
    _end(stand, Interrupted("the run was interrupted; what it had measured is told above", hint=hint))
    if result.partial:
        raise Trouble(f"the run is not whole: {result.window.cut_by}", hint=hint)


def _end(stand: Stand, interrupted: Interrupted) -> None:
    troubles = stand.listener.troubles
    if troubles:
        raise troubles[0]
    if stand.stop.asked:
        raise interrupted


def _show(said: Said, results: Sequence[Result], places: Sequence[Path]) -> None:
    language = _language(said)
    if not goes_to_stdout(said):
        for line in screen_lines(results, language, details=bool(said.flag("details")), width=_width()):
            say(line)
    for path in write_outputs(said, results, places, language):
        note(f"written: {path}")


def _result_at(place: Path) -> Result:
    """A run without a result is reckoned from what it left; nothing is written, since it may be under way."""
    if place.is_dir() and not (place / names.RESULT).exists():
        read_asked(place)
        return reckon(gather(place))
    return result_at(place)


def _be_strict(said: Said, results: Sequence[Result]) -> None:
    bad = [result for result in results if result.verdict == "INVALID"]
    if bad and said.flag("strict"):
        codes = ", ".join(reason.code for reason in bad[0].reasons if reason.weight == "invalid")
        raise VerdictNo(f"the verdict is INVALID: {codes}", hint="the reasons stand on top of the report")


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def _language(said: Said) -> Language:
    return cast("Language", said.text("language_shown") or "en")


def _teller(silent: bool) -> Callable[[str], None]:
    return (lambda _text: None) if silent else note
