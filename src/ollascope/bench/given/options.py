"""The flags of `bench run`, in the groups that its guide tells them in."""

from collections.abc import Callable
from typing import TypeVar

import click

from ollascope.console.options import GivenPath
from ollascope.engines.table import ENGINES

Command = TypeVar("Command", bound=Callable[..., object])
Group = Callable[[Command], Command]
NUMBER = click.IntRange(min=1)

language_option = click.option(
    "--lang",
    "language_shown",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the words.",
)


def target_options(command: Command) -> Command:
    """Who is asked."""
    return _all(
        command,
        click.option("--url", metavar="URL", help="Measure the server at this address; else the one in force."),
        click.option(
            "--api",
            type=click.Choice(["ollama", "openai", "inside"]),
            help="How it is spoken to; inside: an engine in this program, without HTTP.",
        ),
        click.option(
            "--engine",
            type=click.Choice(list(ENGINES)),
            help="Measure this kind of server, as the settings describe it.",
        ),
        click.option("--model", metavar="MODEL", help="Ask this model; else the one in memory or the smallest."),
        click.option(
            "--operation",
            type=click.Choice(["chat", "generate", "embed"]),
            default="chat",
            show_default=True,
            help="What is asked for.",
        ),
    )


def load_options(command: Command) -> Command:
    """When requests start."""
    return _all(
        command,
        click.option(
            "--concurrency", "-c", type=NUMBER, metavar="N", help="So many users, who each wait for their answer."
        ),
        click.option("--think-time", metavar="TIME", help="What a user waits between an answer and the next question."),
        click.option(
            "--rate",
            type=click.FloatRange(min=0, min_open=True),
            metavar="R",
            help="Requests a second, whether or not answers are in.",
        ),
        click.option(
            "--arrival",
            type=click.Choice(["poisson", "constant", "gamma"]),
            help="How requests of a rate follow each other.  [default: poisson]",
        ),
        click.option(
            "--burstiness", type=float, metavar="B", help="With gamma: 1 is as Poisson, above it comes in bursts."
        ),
        click.option(
            "--ramp-to",
            type=click.FloatRange(min=0, min_open=True),
            metavar="R",
            help="The rate goes there in a straight line.",
        ),
        click.option(
            "--steps", metavar="LEVELS", help="Levels one after the other: 4:30s,8:30s or 1/s:60s,1-10/s:60s."
        ),
        click.option("--sweep", metavar="LEVELS", help="Levels, each on its own: 1,2,4,8 or 1/s,2/s,4/s."),
        click.option(
            "--trace", type=GivenPath(), metavar="FILE", help="Replay times and lengths of this file, JSONL or CSV."
        ),
        click.option(
            "--most-at-once",
            type=NUMBER,
            metavar="N",
            help="With a rate: further requests wait at our side, and their waiting counts.",
        ),
    )


def prompt_options(command: Command) -> Command:
    """What is asked."""
    return _all(
        command,
        click.option("--max-tokens", metavar="LENGTH", help="Tokens of an answer: 128, 64-256, normal:128,32."),
        click.option(
            "--tokens-in", metavar="LENGTH", help="Tokens of a prompt, in the same form, as the server counts them."
        ),
        click.option(
            "--prompts", type=GivenPath(), metavar="FILE", help="Ask what stands in this file: JSONL, CSV, ShareGPT."
        ),
        click.option(
            "--language",
            type=click.Choice(["en", "zh", "mixed"]),
            default="en",
            show_default=True,
            help="Language of the prompts that are built in.",
        ),
        click.option(
            "--cache",
            type=click.Choice(["bust", "friendly"]),
            default="bust",
            show_default=True,
            help="Whether prompts repeat, so that the server's cache can help.",
        ),
        click.option(
            "--prefix-tokens",
            type=click.IntRange(min=0),
            default=0,
            metavar="N",
            help="A beginning of so many tokens that prompts share.",
        ),
        click.option("--prefixes", type=NUMBER, default=1, metavar="N", help="How many such beginnings there are."),
        click.option("--turns", type=NUMBER, default=1, metavar="N", help="Questions of one conversation."),
        click.option("--think/--no-think", default=None, help="Have the model think first, or not."),
        click.option(
            "--option",
            "options",
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of the API, as in --option temperature=0; may be repeated.",
        ),
    )


def run_options(command: Command) -> Command:
    """How long, what counts, and what is called good."""
    return _all(
        command,
        click.option("--requests", "-n", type=NUMBER, metavar="N", help="End after so many requests."),
        click.option(
            "--duration", metavar="TIME", help="End after so long: 30, 30s, 5m.  [default: 30s, without --requests]"
        ),
        click.option("--warm-up", metavar="AMOUNT", help="What does not count in the beginning: 10s, or 20 requests."),
        click.option("--cool-down", metavar="TIME", help="Keep the load up so long after what counts."),
        click.option("--max-errors", type=NUMBER, metavar="N", help="End after so many failures."),
        click.option("--token-limit", type=NUMBER, metavar="N", help="End after so many tokens of answers."),
        click.option("--connect-timeout", metavar="TIME", help="For the connection."),
        click.option(
            "--first-timeout", metavar="TIME", help="For the first byte: loading, queue and prefill lie in it."
        ),
        click.option("--idle-timeout", metavar="TIME", help="For the silence between two pieces."),
        click.option("--timeout", metavar="TIME", help="For a whole request."),
        click.option(
            "--grace", metavar="TIME", help="How long answers that run at the end are waited for.  [default: 30s]"
        ),
        click.option(
            "--goal",
            "goals",
            multiple=True,
            metavar="NAME=TIME",
            help="What is good enough: ttft=2s, total=30s, tpot=50ms, gap=200ms; may be repeated.",
        ),
        click.option(
            "--seed", type=int, default=1, show_default=True, help="The same seed asks the same at the same times."
        ),
        click.option(
            "--workers", type=click.IntRange(1, 64), metavar="N", help="Processes that send; else as many as needed."
        ),
        click.option("--name", metavar="TEXT", help="What the run is called."),
        click.option("--run", "run_id", metavar="ID", help="The id of the run; else one is made from time and model."),
    )


def output_options(command: Command) -> Command:
    """Where results go."""
    return _all(
        command,
        click.option(
            "--json",
            "json_file",
            type=GivenPath(),
            metavar="FILE",
            help="Write the result as JSON; - is standard output.",
        ),
        click.option("--html", "html_file", type=GivenPath(), metavar="FILE", help="Write a page that opens offline."),
        click.option("--csv", "csv_file", type=GivenPath(), metavar="FILE", help="Write the figures as CSV."),
        click.option("--junit", "junit_file", type=GivenPath(), metavar="FILE", help="Write the verdict as JUnit XML."),
        click.option(
            "--prometheus",
            "prometheus_file",
            type=GivenPath(),
            metavar="FILE",
            help="Write the figures for Prometheus.",
        ),
        click.option(
            "--jsonl", "jsonl_file", type=GivenPath(), metavar="FILE", help="Write every request as a line of JSON."
        ),
        click.option("--strict", is_flag=True, help="Exit with 3 where the verdict is INVALID."),
        click.option(
            "--details", is_flag=True, help="Print everything that the page holds, not only what matters most."
        ),
        language_option,
    )


def quick_options(command: Command) -> Command:
    """Who is measured in a minute, and where the answer goes."""
    return _all(
        command,
        click.option("--url", metavar="URL", help="Measure the server at this address; else the one in force."),
        click.option("--engine", type=click.Choice(list(ENGINES)), help="Measure this kind of server."),
        click.option("--model", metavar="MODEL", help="Ask this model; else the one in memory or the smallest."),
        click.option("--html", "html_file", type=GivenPath(), metavar="FILE", help="Write a page that opens offline."),
        language_option,
    )


def _all(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
