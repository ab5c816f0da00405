"""llama.cpp's C library, loaded once a process: its own last words, its features, and a stop sign it reads itself."""

import ctypes
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from ollascope.engines.llamacpp.changes import MARK
from ollascope.words.errors import LoadFailed, PackageMissing

SPINS = 10_000  # rounds that a waiting OpenMP thread spins: more starves busy machines, fewer slow down quiet ones
KEPT_LINES = 40
WARNING, ERROR, CONTINUED = 3, 4, 5  # levels of llama.cpp's log
LONGEST_COMPLAINT = 200
EMPTY_WORDS = "failed to load model"  # said after the reason
_PLACE = re.compile(r"^\w+: (error loading model: )?")  # the C function that said it
NO_WORDS = "llama.cpp gave no reason"


class Library:
    """The functions of llama.cpp; what it logs is kept for `words` and never printed."""

    def __init__(self, functions: ModuleType) -> None:
        self.c = functions
        self._said = threading.local()
        self._ear = _Ear()
        self._log = functions.llama_log_callback(self._hear)  # C calls it as long as the process lives
        self.forget()
        functions.llama_backend_init()

    def forget(self) -> None:
        """What comes from here on is about something else."""
        self.c.llama_log_set(self._log, ctypes.c_void_p(0))  # again: the package's own classes take the log away
        self._lines().clear()

    def words(self) -> str:
        """What llama.cpp last complained about on this thread."""
        bad = [line.strip() for level, line in self._lines() if level in {WARNING, ERROR}]
        telling = [line for line in bad if line and EMPTY_WORDS not in line]
        said = telling or [line.strip() for _, line in self._lines() if line.strip()]
        return "; ".join(dict.fromkeys(_PLACE.sub("", line) for line in said[-3:])) or NO_WORDS

    def hear(self, parse: Callable[[], object]) -> tuple[object, str]:
        """What `parse` gave, and what it said on C's stderr, where llama.cpp's parser of grammars complains."""
        return self._ear.hear(parse)

    def features(self) -> dict[str, bool]:
        """What the build uses of this machine: AVX2, AVX512, AMX_INT8..."""
        told = self.c.llama_print_system_info().decode()
        pairs = [part.rpartition(":")[2].split("=") for part in told.split("|") if "=" in part]
        return {name.strip(): value.strip() == "1" for name, value in pairs}

    @property
    def same_alone(self) -> bool:
        """Whether it is a build of ours, which adds numbers up alone as in company."""
        return hasattr(self.c._lib, MARK)

    def version(self) -> str:
        """Of llama.cpp itself."""
        return str(self.c.llama_version().decode())

    def _hear(self, level: int, text: bytes, _: object) -> None:
        lines = self._lines()
        words = text.decode("utf-8", "replace")
        if level == CONTINUED and lines:
            last, line = lines.pop()
            lines.append((last, line + words))
        else:
            lines.append((level, words))

    def _lines(self) -> deque[tuple[int, str]]:
        try:
            kept: deque[tuple[int, str]] = self._said.lines
        except AttributeError:
            kept = self._said.lines = deque(maxlen=KEPT_LINES)
        return kept


class StopSign:
    """A flag that llama.cpp asks at every node of its graph without waking Python: the length of a C string."""

    def __init__(self, library: Library) -> None:
        self._flag = ctypes.create_string_buffer(2)
        strlen = ctypes.CDLL(None).strlen  # 0 is "go on"
        self.callback = ctypes.cast(strlen, library.c.ggml_abort_callback)
        self.data = ctypes.c_void_p(ctypes.addressof(self._flag))

    def raise_(self) -> None:
        """From any thread: the decode under way, or the next one, ends unfinished."""
        self._flag[0] = b"x"

    def lower(self) -> None:
        """Decode again."""
        self._flag[0] = b"\0"


@cache
def library(spins: int = SPINS) -> Library:
    """The library, loaded at the first call; `spins` holds if no other OpenMP program came first in this process."""
    os.putenv("GOMP_SPINCOUNT", str(spins))  # read by the library's own start, in this process and before any Python
    _share_arenas()
    try:
        import_module("numpy")
        functions = _functions()
    except ModuleNotFoundError as error:
        raise PackageMissing(
            f"the embedded engine needs the package {error.name}, which is not installed",
            hint="run `ollascope engine build`, or use Ollama",
        ) from error
    except (OSError, RuntimeError) as error:
        raise LoadFailed(
            f"the library of llama.cpp cannot be loaded: {error}",
            hint="it was built for another machine or is damaged: build it again, or use Ollama",
        ) from error
    return Library(functions)


ARENA_MAX, ARENAS = -8, 2  # of mallopt


def _share_arenas() -> None:
    """Each load is a thread, and each thread would get a heap of its own that glibc keeps: two heaps are enough."""
    program = ctypes.CDLL(None)
    if hasattr(program, "mallopt"):  # glibc's
        program.mallopt(ARENA_MAX, ARENAS)


def _functions() -> ModuleType:
    """Only the C functions: the package around them loads its own chat templates, servers and caches."""
    found = find_spec("llama_cpp")
    if found is None:
        raise ModuleNotFoundError("llama_cpp", name="llama_cpp")
    if "llama_cpp" in sys.modules:
        return import_module("llama_cpp.llama_cpp")
    sys.modules["llama_cpp"] = shell = ModuleType("llama_cpp")
    shell.__path__ = list(found.submodule_search_locations or ())
    try:
        return import_module("llama_cpp.llama_cpp")
    finally:
        del sys.modules["llama_cpp"]  # who wants the whole package gets it


class _Ear:
    """A place in memory that stands in for C's stderr for a moment; kept for the life of the process."""

    SIZE = 4096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = ctypes.create_string_buffer(self.SIZE)
        self._process = ctypes.CDLL(None)
        self._process.fmemopen.restype = ctypes.c_void_p
        self._stream = ctypes.c_void_p(self._process.fmemopen(self._text, ctypes.c_size_t(self.SIZE), b"w"))
        self._variable = self._find()

    def hear(self, work: Callable[[], object]) -> tuple[object, str]:
        if self._variable is None or not self._stream.value:
            return work(), ""
        with self._lock:
            self._process.rewind(self._stream)
            self._text[0] = b"\0"
            before, self._variable.value = self._variable.value, self._stream.value
            try:
                made = work()
            finally:
                self._variable.value = before
            self._process.fflush(self._stream)
            line = self._text.value.decode("utf-8", "replace").strip().partition("\n")[0]
            return made, line.rpartition("error parsing grammar: ")[2][:LONGEST_COMPLAINT]

    def _find(self) -> ctypes.c_void_p | None:
        for name in ("stderr", "__stderrp"):  # Linux, macOS
            try:
                return ctypes.c_void_p.in_dll(self._process, name)
            except ValueError:
                continue
        return None
