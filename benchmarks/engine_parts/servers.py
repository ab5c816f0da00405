"""The peers as processes: this program's server, llama-server's slots from PyPI, and one model behind a lock."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine_parts.settings import Settings
from ollascope.engines.llamacpp.building.shelf import Shelf
from ollascope.engines.llamacpp.installed import MODULE, find_installed, parse_features, read_features
from ollascope.engines.llamacpp.recipe import PACKAGE, WIDE
from ollascope.settings.load import cache_folder

PEER = "xllamacpp==2026.10.11549"
HERE = Path(__file__).parent
SPINS = {"GOMP_SPINCOUNT": "10000"}  # what our server sets for itself; with the default no peer bears a busy machine
CONTEXT, SLOTS = 512, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running process that answers on a port."""

    process: "subprocess.Popen[str]"
    port: int
    model: str = ""
    ready_s: float = 0.0
    speaks_ollama: bool = True

    @property
    def pid(self) -> int:
        return self.process.pid

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return json.load(answer)

    def status(self, name: str) -> int:
        """A number of /proc/PID/status, as VmRSS in kB or Threads."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        return 0

    def rss_mb(self) -> float:
        return self.status("VmRSS") * 1024 / 1e6

    def files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())


@contextmanager
def ours(settings: Settings, *words: str, build: Path | None = None) -> Iterator[Server]:
    """`ollascope serve …`; `build` is the folder of another build of the library than the one installed here."""
    data = settings.folder / "data"
    command = [sys.executable, "-m", "ollascope", f"--data={data}", "serve", "--json", "--port", "0", *words]
    started = time.perf_counter()
    with _running(command, {"PYTHONPATH": str(build)} if build else {}) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:  # ends where the server does
            said += line
            if line == "}\n":
                break
        ready_s = time.perf_counter() - started
        try:
            told = json.loads(said)
        except ValueError:
            raise SystemExit(f"the server did not start: {' '.join(command)}") from None
        port = int(told["url"].rpartition(":")[2])
        yield Server(process=process, port=port, model=told["models"][0], ready_s=ready_s)


@contextmanager
def llama_server(settings: Settings, python: Path, model: Path) -> Iterator[Server]:
    """llama-server's own slots, as the package xllamacpp brings them."""
    words = [str(model), str(SLOTS), str(CONTEXT), str(settings.threads)]
    with _running([str(python), str(HERE / "llama_server.py"), *words], SPINS) as process:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise SystemExit(f"llama-server did not start: it said {said or 'nothing'}")
        yield Server(process=process, port=int(said[1]), speaks_ollama=False)


@contextmanager
def serialised(
    model: Path, *, threads: int, context: int = CONTEXT, python: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """One `Llama` behind a lock, with the library of this Python or another; a line of prompts in, of times out."""
    words = [str(model), str(context), str(threads)]
    with _running([str(python or sys.executable), str(HERE / "serialised.py"), *words], SPINS) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("the serialised model did not start")
        yield process


def drive(process: "subprocess.Popen[str]", order: dict[str, Any]) -> dict[str, Any]:
    """One run of the serialised model."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def peer_python(settings: Settings) -> Path | None:
    """The Python of an environment of its own with xllamacpp, kept in the cache folder; None where offline."""
    place = (cache_folder() or settings.folder) / "benchmarks" / PEER.replace("==", "-")
    python = place / "bin" / "python"
    if python.exists() and _ends_well([str(python), "-c", "import xllamacpp"]):
        return python
    settings.say(f"  {PEER} is installed into {place}")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python), "install"]
    made = _ends_well([sys.executable, "-m", "venv", "--clear", "--without-pip", str(place)])
    return python if made and _ends_well([*pip, "--only-binary=:all:", PEER]) else None


def features() -> frozenset[str]:
    """What the library that is installed here uses of the processor."""
    here = find_installed()
    if here is None:
        raise SystemExit("llama-cpp-python is not installed: `ollascope engine build`")
    return read_features(Path(here.folder))


def portable_build(settings: Settings) -> Path | None:
    """A folder with a build for AVX2, as llama-server's is: the one that was named, or the first that is kept here."""
    cache = cache_folder()
    kept = [kept.wheel for kept in Shelf(cache).kept()] if cache else []
    for number, wheel in enumerate([settings.portable] if settings.portable else [*kept, *_wheels_of_pip()]):
        folder = settings.folder / f"build-{number}"
        # a wheel is a zip file whose top is what goes on Python's path
        if _ends_well([sys.executable, "-m", "zipfile", "-e", str(wheel), str(folder)]):
            found = read_features(folder / MODULE)
            if not found & WIDE and not any(name.startswith("AMX") for name in found):
                return folder
    return None


def peer_features(python: Path) -> frozenset[str]:
    """What llama-server's build uses of the processor."""
    told = subprocess.run(
        [str(python), "-c", "import xllamacpp; print(xllamacpp.get_system_info())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return parse_features(told.stdout)


@contextmanager
def _running(command: Sequence[str], variables: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, **variables},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wheels_of_pip() -> list[Path]:
    command = [sys.executable, "-m", "pip", "cache", "list", PACKAGE.replace("-", "_"), "--format=abspath"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [Path(line.strip()) for line in told.splitlines() if line.strip().endswith(".whl")]


def _ends_well(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
