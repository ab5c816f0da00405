"""What the tests of the embedded engine as a server share: scripted models as files, and a server over them."""

import json
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from ollascope.registry.gguf import scripted
from ollascope.serve.llamacpp.program import Plan, Serving, check, served
from ollascope.serve.llamacpp.settings import Llamacpp, Loading
from ollascope.serve.settings import Serve
from tests.serve.fronts import COMMAND
from tests.serve.llamacpp.speech.scripted import KNOWING, PLAIN

LOADING = Loading(threads=1, threads_batch=1, context=2048, slots=4)
SETTINGS = Llamacpp(loading=LOADING)
MANNERS = Serve(drain_s=0)


@cache
def model(name: str) -> bytes:
    """The file of a scripted model: `scripted` knows tools and thinking, `plain` does not, `vectors` embeds."""
    template = {"scripted": KNOWING, "plain": PLAIN, "vectors": PLAIN}[name]
    pooling = "mean" if name == "vectors" else None
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(scripted, "TEMPLATE", template):
        path = Path(folder) / "model.gguf"
        scripted.write_scripted(path, pooling=pooling)
        return path.read_bytes()


def put(folder: Path, *names: str) -> Path:
    """Files of scripted models; `slow=scripted` is the second under the name of the first."""
    folder.mkdir(exist_ok=True)
    for each in names or ("scripted",):
        name, _, kind = each.partition("=")
        (folder / f"{name}.gguf").write_bytes(model(kind or name))
    return folder


@asynccontextmanager
async def opened(place: Path, settings: Llamacpp = SETTINGS, **more: object) -> AsyncIterator[Serving]:
    """A server over a folder or file."""
    plan = replace(Plan(place=place, settings=settings, manners=MANNERS), **more)
    async with served(plan, check(plan)) as serving:
        yield serving


@contextmanager
def started(*words: str, data: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """`ollascope serve …` as a process of its own, and what it told."""
    process = subprocess.Popen(
        [*COMMAND, f"--data={data}", "--set=llamacpp.loading.threads=1", "serve", "--json", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        yield process, told
    finally:
        process.terminate()
        process.communicate(timeout=20)


def failed(*words: str, data: Path, settings: tuple[str, ...] = ()) -> tuple[int, str]:
    """`ollascope serve …` to its end: exit code, and what it complained."""
    command = [*COMMAND, f"--data={data}", *settings, "serve", "--port", "0", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr
