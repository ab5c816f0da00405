"""The password of the pages: made, kept as an argon2 hash, compared, and tried at a bounded rate."""

import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ollascope.processes.files import private_folder, trouble, write_whole
from ollascope.settings.findings import printable
from ollascope.words.errors import AccessDenied, BadUsage, RateLimited
from ollascope.words.setting import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FOLDER: Final = "dashboard"  # in the data folder
PASSWORD, KEY = "password.hash", "cookie.key"
SHORTEST, LONGEST = 8, 256
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP = 4, 5  # 98 bits
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1  # the profile that OWASP gives for little memory
TRIES, WITHIN_S = 10, 60.0


def make_password() -> str:
    """A password that is easy to type on a phone."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def keep_password(data: Path, password: str) -> None:
    """Keep a password as a hash, in place of the one before."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadUsage(f"a password has {SHORTEST} to {LONGEST} letters", hint="choose another")
    _write(data / FOLDER / PASSWORD, _hasher().hash(password))


def has_password(data: Path) -> bool:
    """Whether one was made."""
    return bool(_read(data / FOLDER / PASSWORD))


def read_lock(data: Path, said: Secret) -> "Lock | None":
    """The lock that the settings' password opens, else the one that was made; None where there is neither."""
    if said:
        fixed = _hasher().hash(said.reveal())
        return Lock(lambda: fixed, mark_of(said.reveal()))
    return Lock(lambda: _read(data / FOLDER / PASSWORD)) if has_password(data) else None


def cookie_key(data: Path) -> bytes:
    """What cookies are signed with: made once for this data folder."""
    path = data / FOLDER / KEY
    known = _read(path)
    if len(known) < 64:
        known = secrets.token_hex(32)
        _write(path, known)
    return known.encode()


class Lock:
    """Compares passwords, one at a time, since each takes memory and time; a new one is in force at once."""

    def __init__(self, stored: Callable[[], str], mark: str = "") -> None:
        self._stored = stored
        self._mark = mark
        self._one = threading.Lock()

    @property
    def mark(self) -> str:
        """What a session keeps of the password it was opened with: another password ends it."""
        return self._mark or mark_of(self._stored())

    def opens(self, password: str) -> bool:
        """Whether this is the password."""
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - only who logs in waits

        if len(password) > LONGEST:
            return False
        with self._one:
            try:
                return _hasher().verify(self._stored(), password)
            except (VerificationError, InvalidHashError):
                return False

    def knows(self, mark: object) -> bool:
        """Whether a session was opened with this password."""
        return isinstance(mark, str) and hmac.compare_digest(mark.encode(), self.mark.encode())


def mark_of(source: str) -> str:
    """A short mark that tells one password from another and nothing more."""
    return sha256(f"ollascope session {source}".encode()).hexdigest()[:24]


class Tries:
    """Counts attempts to log in, of one address and of all together."""

    def __init__(self, monotonic: Callable[[], float], most: int = TRIES, within_s: float = WITHIN_S) -> None:
        self._monotonic = monotonic
        self._most = most
        self._within_s = within_s
        self._at: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def count(self, address: str) -> None:
        """Count one attempt, or refuse it: an address has so many a minute, all together five times as many."""
        with self._lock:
            now = self._monotonic()
            while self._at and now - self._at[0][0] >= self._within_s:
                self._at.popleft()
            own = sum(each == address for _, each in self._at)
            if own >= self._most or len(self._at) >= 5 * self._most:
                raise RateLimited("too many attempts to log in", hint="wait a minute, then try again")
            self._at.append((now, address))


def check(lock: Lock, tries: Tries, address: str, password: str) -> None:
    """Let a right password pass, and refuse any other."""
    tries.count(address)
    if not lock.opens(password):
        raise AccessDenied("this is not the password", hint="`ollascope up --lan` printed it when it was made")


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # noqa: PLC0415 - 15 ms that no page needs

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise trouble(Path(printable(str(path))), error) from error


def _write(path: Path, text: str) -> None:
    private_folder(path.parent)
    try:
        write_whole(path, text.encode() + b"\n")
    except OSError as error:
        raise trouble(path, error) from error
