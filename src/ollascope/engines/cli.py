"""The commands `models` and `ask`: the models of a server, and one question to one of them."""

import contextlib
import logging
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from ollascope.apis.models import Order, Progress
from ollascope.console.invocation import Invocation
from ollascope.console.options import GivenPath
from ollascope.console.show import json_option, note, print_json, say, table
from ollascope.engines.asking.answering import Asking, Voice
from ollascope.engines.asking.picking import pick_model
from ollascope.engines.asking.place import Place, is_here, wanted
from ollascope.engines.asking.question import Question, prompt_of, wording
from ollascope.engines.asking.reaching import names_at_once, reach
from ollascope.engines.asking.reading import read_image, read_piped, read_schema
from ollascope.engines.asking.telling import facts_of, remarks, speed_line
from ollascope.engines.engine import Engine
from ollascope.engines.metered import Sink
from ollascope.engines.settings import Engines
from ollascope.engines.shown import lists
from ollascope.engines.shown.card import card_facts, card_rows
from ollascope.engines.shown.looking import in_memory, look_at
from ollascope.engines.shown.orders import Making, order_of
from ollascope.engines.shown.progress import Lines, Screen, watch
from ollascope.engines.shown.suggestion import suggest
from ollascope.engines.table import ENGINES
from ollascope.ledger.select import is_demo
from ollascope.ledger.settings import Ledger
from ollascope.logs.form import printable
from ollascope.settings.data import create as create_folder
from ollascope.settings.load import Settings
from ollascope.wire import load_settings
from ollascope.words.errors import (
    BadSettings,
    BadUsage,
    Interrupted,
    ModelMissing,
    StorageTrouble,
    Trouble,
    Unsupported,
)
from ollascope.words.prompt import Prompt

LEDGER: Final = "ledger"
SMALL: Final = "qwen3:0.6b"
DEMO: Final = "DEMO: this is the demo model or the fake server; its figures say nothing about real ones"
HINT_AFTER_S: Final = 2.0  # of silence on standard input
NO_INPUT: Final = "with `< /dev/null` there is none"
ROOT: Final = Path("/")


class ModelName(click.ParamType[str]):
    """A model; the shell completes the names of those that are there."""

    name = "model"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with contextlib.suppress(Trouble):
            names = _names_soon(ctx)
            return [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return []


def located(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name another server than the one in force, handed over as one `Place`."""

    @wraps(command)
    def locate(*args: object, engine: str | None, url: str | None, **rest: object) -> None:
        command(*args, place=Place(engine=engine, url=url), **rest)

    locate = click.option("--url", metavar="URL", help="Ask the server at this address.")(locate)
    return click.option("--engine", type=click.Choice(list(ENGINES)), help="Ask this kind of server.")(locate)


MODEL: Final = ModelName()
named = click.argument("model", metavar="MODEL", type=MODEL)
yes_option = click.option("--yes", is_flag=True, help="Do it without a question.")


@click.group()
def models() -> None:
    """Look at the models of a server, get them, make them, load and remove them."""


@models.command("list")
@located
@yes_option
@json_option
@click.pass_obj
def list_(invocation: Invocation, *, place: Place, yes: bool, as_json: bool) -> None:
    """List the models: size, quantisation, context and what they can do.

    Where Ollama has none, one that fits this machine is named; on a terminal you are asked whether to get it.
    """
    with _opened(load_settings(invocation), place) as engine:
        found = engine.models()
        if not found and not as_json:
            if not _begin_with(engine, yes=yes):
                return
            found = engine.models()
        told = look_at(engine, found, time.monotonic)
    if as_json:
        print_json([lists.facts_of(one) for one in told])
    else:
        table(lists.HEADERS, lists.rows_of(told))


@models.command()
@named
@located
@json_option
@click.pass_obj
def show(invocation: Invocation, *, model: str, place: Place, as_json: bool) -> None:
    """Show all that is known of one model."""
    with _opened(load_settings(invocation), place) as engine:
        card = engine.show(model)
    if as_json:
        print_json(card_facts(model, card))
    else:
        table(("field", "value"), card_rows(model, card))


@models.command()
@located
@json_option
@click.pass_obj
def ps(invocation: Invocation, *, place: Place, as_json: bool) -> None:
    """Show the models in memory: on CPU or GPU, with which context, for how long, how many requests at once."""
    with _opened(load_settings(invocation), place) as engine:
        state = in_memory(engine, time.time())
    if as_json:
        print_json([lists.memory_facts(one) for one in state])
    elif state:
        table(lists.MEMORY_HEADERS, lists.memory_rows(state))
    else:
        note("no model is in memory")


@models.command()
@click.argument("model", metavar="MODEL")
@located
@click.pass_obj
def pull(invocation: Invocation, *, model: str, place: Place) -> None:
    """Get a model from its registry; given again after an interruption, it goes on where it stopped."""
    with _opened(load_settings(invocation), place) as engine:
        _pull(engine, model)
    say(f"{printable(model)} is here")


@models.command()
@click.argument("model", metavar="NAME")
@click.option("--from", "source", type=MODEL, metavar="MODEL", help="Make it from this model.")
@click.option("--gguf", type=GivenPath(), metavar="FILE", help="Make it from this GGUF file.")
@click.option("--modelfile", type=GivenPath(), metavar="FILE", help="Make it as this Modelfile says.")
@click.option("--quantize", metavar="TYPE", help="Quantise the weights, as to q4_K_M or q8_0.")
@click.option("--adapter", type=GivenPath(), metavar="FILE", help="Put this LoRA adapter on it.")
@located
@click.pass_obj
def create(
    invocation: Invocation,
    /,
    *,
    model: str,
    source: str | None,
    place: Place,
    quantize: str | None,
    **files: Path | None,
) -> None:
    """Make a model from another one, from a GGUF file or from a Modelfile."""
    order = order_of(Making(name=model, source=source, quantize=quantize, **files))
    with _opened(load_settings(invocation), place) as engine:
        again = "give the same command again: a file that was sent whole is not sent twice"
        _carry_out(engine.create(order), Interrupted(f"{printable(model)} is not made", hint=again))
    say(f"{printable(model)} is made")


@models.command()
@click.argument("source", metavar="MODEL", type=MODEL)
@click.argument("model", metavar="NAME")
@located
@click.pass_obj
def copy(invocation: Invocation, *, source: str, model: str, place: Place) -> None:
    """Give a model one more name."""
    with _opened(load_settings(invocation), place) as engine:
        engine.copy(source, model)
    say(f"{printable(model)} is {printable(source)}")


@models.command()
@named
@located
@yes_option
@click.pass_obj
def rm(invocation: Invocation, *, model: str, place: Place, yes: bool) -> None:
    """Remove a model, after a question."""
    name = printable(model)
    with _opened(load_settings(invocation), place) as engine:
        if not yes and not sys.stdin.isatty():
            raise BadUsage(f"this would remove {name}, and nobody is here to ask", hint="say it with --yes")
        if not yes:
            engine.show(model)  # a wrong name is told before the question
            if not click.confirm(f"Remove {name} from {engine.backend}?"):
                say("nothing was removed")
                return
        engine.delete(model)
    say(f"removed {name}")


@models.command()
@named
@click.option("--context", type=click.IntRange(min=1), metavar="TOKENS", help="Load it for this context length.")
@click.option("--keep-alive", metavar="TIME", help="Keep it for so long after its last use: 10m, 2h; -1s is always.")
@located
@click.pass_obj
def load(invocation: Invocation, *, model: str, context: int | None, keep_alive: str | None, place: Place) -> None:
    """Load a model into memory, so that the first question need not wait for it."""
    began = time.monotonic()
    with _opened(load_settings(invocation), place) as engine:
        engine.load(model, keep_alive=keep_alive, context=context)
    say(f"{printable(model)} is in memory after {time.monotonic() - began:.1f} s")


@models.command()
@named
@located
@click.pass_obj
def unload(invocation: Invocation, *, model: str, place: Place) -> None:
    """Take a model out of memory once its answers are given."""
    with _opened(load_settings(invocation), place) as engine:
        engine.unload(model)
    say(f"{printable(model)} leaves memory")


@click.command()
@click.argument("words", metavar="[QUESTION]", nargs=-1)
@click.option("--model", type=MODEL, metavar="MODEL", help="Ask this model; else the one in memory or the smallest.")
@click.option("--system", metavar="TEXT", help="What the model is told before the question.")
@click.option("--image", "images", type=GivenPath(), metavar="FILE", multiple=True, help="An image; repeatable.")
@click.option("--schema", type=GivenPath(), metavar="FILE", help="Have the answer keep this JSON schema.")
@click.option("--think/--no-think", default=None, help="Have the model think first, or not; its thoughts are dimmed.")
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="End the answer after so many tokens.")
@click.option("--temperature", type=click.FloatRange(min=0, max=100), metavar="T", help="0 takes the likeliest words.")
@click.option("--seed", type=int, metavar="N", help="The same seed gives the same answer, as far as the server can.")
@located
@json_option
@click.pass_obj
def ask(
    invocation: Invocation, /, *, words: tuple[str, ...], model: str | None, place: Place, as_json: bool, **said: object
) -> None:
    """Ask a model one question and print its answer as it comes.

    Text from standard input is added to the question. Which model answered and how fast is told on standard error,
    with whatever the server did in silence; --json prints all of it as one object. The Call is recorded, no text is.
    """
    settings = load_settings(invocation)
    question = _question(words, said)
    with _opened(settings, place) as engine:
        chosen = model if model is not None else _pick(engine)
        prompt = prompt_of(question, chosen, engine.name)
        if question.images and engine.capabilities(chosen).images is False:
            raise Unsupported(f"{printable(chosen)} cannot see images", hint="`ollascope models list` shows which can")
        with _recorded(settings) as sink, _ended_by_signals():
            quiet = as_json or invocation.quiet
            voice = Voice(None if as_json else sys.stdout, None if quiet else sys.stderr)
            if is_demo(chosen, engine.name) and not as_json:
                note(DEMO)
            _answer(Asking(engine, sink, settings.of(Engines), note), prompt, voice, as_json=as_json)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed terminal and SIGTERM end an answer as Ctrl-C does: the server stops, and the Call is recorded."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _answer(asking: Asking, prompt: Prompt, voice: Voice, *, as_json: bool) -> None:
    try:
        asking.follow(prompt, voice)
    except KeyboardInterrupt:
        hint = "ask again; `ollascope calls tail` shows what was recorded of it"
        raise Interrupted("the answer was interrupted", hint=hint) from None
    call, trace = asking.calls[0], asking.trace
    if as_json:
        print_json(facts_of(asking.answer, call, trace) | {"demo": is_demo(call.model, call.engine)})
        return
    note(speed_line(call))
    for remark in remarks(trace):
        note(remark)


def _question(words: tuple[str, ...], said: dict[str, object]) -> Question:
    """Everything that was given, read before anything is sent."""
    values = {name: said[name] for name in ("think", "system", "max_tokens", "temperature", "seed")}
    schema, images = said["schema"], said["images"]
    assert isinstance(images, tuple)
    return Question(
        images=tuple(read_image(path) for path in images),
        schema=read_schema(schema) if isinstance(schema, Path) else None,
        text=wording(" ".join(words), _piped()),
        **values,  # type: ignore[arg-type]  # click has converted them
    )


def _piped() -> str:
    """What standard input brings, unless it is a keyboard."""
    if sys.stdin.isatty():
        return ""
    with contextlib.suppress(OSError, ValueError):  # nothing behind it that can be waited for
        if not select.select([sys.stdin.fileno()], [], [], HINT_AFTER_S)[0]:
            note(f"reading standard input until it ends; {NO_INPUT}")
    try:
        return read_piped(sys.stdin.buffer)
    except OSError as error:
        raise BadUsage(f"standard input cannot be read: {error.strerror or error}", hint=NO_INPUT) from error


def _pick(engine: Engine) -> str:
    try:
        picked = pick_model(engine)
    except ModelMissing:
        if engine.models() or not _begin_with(engine, yes=False, must=True):
            raise
        picked = pick_model(engine)
    note(f"{printable(picked.model)} answers: {picked.why}")
    return picked.model


@contextlib.contextmanager
def _opened(settings: Settings, place: Place) -> Iterator[Engine]:
    """The engine that is meant, closed in the end."""
    engine = reach(wanted(settings.of(Engines), place), lambda: settings.data_folder, note)
    try:
        yield engine
    finally:
        engine.close()


@contextlib.contextmanager
def _recorded(settings: Settings) -> Iterator[Sink]:
    """What takes Calls to the ledger; where it cannot be written, that is told once and answers come all the same."""
    from ollascope.ledger.segment import Origin  # noqa: PLC0415 - only `ask` records
    from ollascope.ledger.writer import Writer  # noqa: PLC0415

    try:
        folder = settings.data_folder
        create_folder(folder, in_force=settings.file)
    except (StorageTrouble, BadSettings) as trouble:
        note(f"this Call is not recorded: {trouble.message}")
        yield lambda _call: None
        return
    with _hushed("ollascope.ledger"):
        writer = Writer(folder / LEDGER, settings.of(Ledger), Origin.here("cli"))
        try:
            yield writer.call
        finally:
            writer.close()
            counts = writer.counts()
            if counts.lost or counts.refused or counts.waiting:
                note(f"this Call is not recorded: {printable(str(folder / LEDGER))} cannot be written")


@contextlib.contextmanager
def _hushed(name: str) -> Iterator[None]:
    """What this logger would say is told in a line of ours."""
    logger = logging.getLogger(name)
    before, logger.propagate = logger.propagate, False
    silence = logging.NullHandler()
    logger.addHandler(silence)
    try:
        yield
    finally:
        logger.removeHandler(silence)
        logger.propagate = before


def _begin_with(engine: Engine, *, yes: bool, must: bool = False) -> bool:
    """Where there is no model: names one, and gets it if that is wanted; `must` leaves the saying to an error."""
    if "pull" not in engine.capabilities().orders:
        if not must:
            note(f"{engine.backend} has no model: start it with one")
        return False
    suggestion = suggest(ROOT) if is_here(engine.backend) else None
    model = suggestion.model if suggestion else SMALL
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    if must and not asks:
        return False
    note(f"{engine.backend} has no model" + (f"; {suggestion.text}" if suggestion else ""))
    if yes or (asks and click.confirm(f"Get {model} now?", err=True)):
        _pull(engine, model)
        return True
    note(f"get it with: ollascope models pull {model}")
    return False


def _pull(engine: Engine, model: str) -> None:
    again = f"`ollascope models pull {printable(model)}` goes on where it stopped"
    _carry_out(engine.pull(Order(model=model)), Interrupted(f"{printable(model)} is here in part", hint=again))


def _carry_out(steps: Iterator[Progress], interrupted: Interrupted) -> None:
    invocation = click.get_current_context().find_object(Invocation) or Invocation()
    on_screen = sys.stderr.isatty() and not invocation.quiet
    try:
        watch(steps, Screen() if on_screen else Lines(note, time.monotonic), time.monotonic)
    except KeyboardInterrupt:
        raise interrupted from None


def _names_soon(ctx: click.Context) -> list[str]:
    """The names that a shell completes, with the options that were typed before."""
    said = ctx.find_root().params
    invocation = Invocation(
        settings_file=said.get("settings_file"),
        data_folder=said.get("data_folder"),
        assignments=tuple(said.get("assignments") or ()),
    )
    place = Place(engine=ctx.params.get("engine"), url=ctx.params.get("url"))
    return names_at_once(wanted(load_settings(invocation).of(Engines), place))
