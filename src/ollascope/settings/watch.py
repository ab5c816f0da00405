"""Hot reload: follow the settings file, and let a change in only when everyone it touches agrees."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

from ollascope.settings.files import is_absent, read
from ollascope.settings.findings import printable
from ollascope.settings.load import Entry, Settings, Sources, examine
from ollascope.words.errors import BadSettings, Trouble

Commit = Callable[[], None]
Prepare = Callable[[Settings, Settings], Commit | None]
Notice = Callable[[str], None]

LOOK_SECONDS = 5.0  # between looks where the system tells of no change, as on a network disk
SETTLE_SECONDS = 1.0  # an editor may leave the file missing or empty for this long
SETTLE_STEP = 0.05
QUIET_MS, WHOLE_MS = 50, 400  # a change has settled after this silence, or at the latest after this time

ABSENT = b"\0absent"  # no settings file has a NUL in it

log = logging.getLogger(__name__)


class Watch:
    """The settings in force while their file is edited.

    A change is built, shown to every listener as (old, new) and let in only if none raises a Trouble; then the new
    settings take the old ones' place in one step and the listeners' commits run. Whatever is wrong leaves the old
    ones in force, and `notice` is told why in one line.
    """

    def __init__(
        self,
        sections: Mapping[str, str],
        sources: Sources,
        current: Settings,
        *,
        notice: Notice = log.warning,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._sections, self._sources, self._notice = sections, sources, notice
        self._current, self._look_seconds = current, look_seconds
        self._listeners: list[Prepare] = []
        self._seen: tuple[bytes, ...] = ()
        self._deaf = False  # the system tells of no change, so the files are looked at from time to time
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settings-watch", daemon=True)

    @property
    def current(self) -> Settings:
        """The settings in force."""
        return self._current

    def listen(self, prepare: Prepare) -> None:
        """Ask `prepare` before every change; what it returns runs once the change is in force."""
        self._listeners.append(prepare)

    def start(self) -> None:
        """Follow the file in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop following; returns when the thread has ended."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def reload(self) -> bool:
        """Read the settings again; whether a change was let in."""
        with self._lock:
            try:
                return self._let_in(self._read())
            except Trouble as error:
                self._notice(f"{printable(error.message)} — {error.hint}; the running settings stay")
                return False

    def _read(self) -> Settings:
        settings, mistakes = examine(self._sections, self._sources)
        if mistakes:
            more = f" (and {len(mistakes) - 1} more mistakes)" if len(mistakes) > 1 else ""
            raise BadSettings(f"{mistakes[0].origin}: {mistakes[0].what}{more}", hint=mistakes[0].hint)
        if self._is_emptied():
            hint = "remove the file, or write a comment into it, if the defaults are meant"
            raise BadSettings(f"{self._sources.file}: is empty", hint=hint)
        return settings

    def _is_emptied(self) -> bool:
        """Whether a file that gave values has nothing in it, as while an editor writes it or on a full disk."""
        gave = any(entry.origin.layer == "file" for entry in self._current.entries())
        return gave and self._sources.file is not None and _content(self._sources.file).strip() == b""

    def _let_in(self, settings: Settings) -> bool:
        old = self._current
        if not changes(old, settings):
            return False
        commits = [prepare(old, settings) for prepare in self._listeners]
        self._current = settings
        for commit in commits:
            if commit is not None:
                commit()
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look()
            folders = self._folders()
            if not folders:
                self._stop.wait(self._look_seconds)
                continue
            self._follow(folders)

    def _follow(self, folders: frozenset[Path]) -> None:
        events = self._events(folders)
        while self._is_told(events):
            self._look()
            if self._folders() != folders:
                return

    def _events(self, folders: frozenset[Path]) -> Iterator[object]:
        return watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=WHOLE_MS,
            step=QUIET_MS,
            stop_event=self._stop,
            rust_timeout=int(self._look_seconds * 1000),
            yield_on_timeout=True,
            recursive=False,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )

    def _is_told(self, events: Iterator[object]) -> bool:
        """Whether the system tells of a change, or that it is time to look; false if it must be asked anew."""
        try:
            next(events)
        except StopIteration:
            return False
        except FileNotFoundError:  # a folder went away meanwhile
            self._stop.wait(SETTLE_STEP)
            return False
        except (OSError, WatchfilesRustInternalError) as error:  # no more open files, instances or watches
            self._tell_deaf(str(error))
            self._stop.wait(self._look_seconds)
            return False
        self._deaf = False
        return True

    def _tell_deaf(self, reason: str) -> None:
        if not self._deaf:
            self._deaf = True
            what = f"the system cannot tell when settings change ({printable(reason, limit=200)})"
            advice = "raise `ulimit -n` or the limits under fs.inotify"
            self._notice(f"{what} — they are looked at every {self._look_seconds:g} s until it can; {advice}")

    def _look(self) -> None:
        """Read the settings again if a byte of their files differs from the last time."""
        found = self._contents()
        if found == self._seen:
            return
        deadline = time.monotonic() + SETTLE_SECONDS
        while found[:1] in {(b"",), (ABSENT,)} and time.monotonic() < deadline and not self._stop.is_set():
            self._stop.wait(SETTLE_STEP)
            found = self._contents()
        self._seen = found
        self.reload()

    def _contents(self) -> tuple[bytes, ...]:
        return tuple(_content(file) for file in self._files())

    def _files(self) -> tuple[Path, ...]:
        own = () if self._sources.file is None else (self._sources.file,)
        return (*own, *self._current.files())

    def _folders(self) -> frozenset[Path]:
        """Where changes show: beside the name of each file, and beside the file it leads to."""
        found = {folder for file in self._files() for folder in (file.absolute().parent, _target(file).parent)}
        return frozenset(folder for folder in found if folder.is_dir())


def _content(file: Path) -> bytes:
    try:
        return read(file)
    except BadSettings as error:
        return ABSENT if is_absent(file) else error.message.encode()


def _target(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError):  # a link that leads back to itself
        return file.absolute()


def changes(old: Settings, new: Settings) -> tuple[tuple[Entry | None, Entry | None], ...]:
    """Every key whose value differs, as the entry of before and the entry of after."""
    before = {entry.key: entry for entry in old.entries()}
    after = {entry.key: entry for entry in new.entries()}
    pairs = ((before.get(key), after.get(key)) for key in {**before, **after})
    return tuple((first, second) for first, second in pairs if _raw(first) != _raw(second))


def _raw(entry: Entry | None) -> object:
    return entry.raw if entry else entry
