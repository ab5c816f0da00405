"""Programs that ask for figures where a password is needed: they send it with each request, in HTTP's own form."""

import hmac
import secrets
from collections.abc import Callable

from ollascope.web.guard.password import Lock, Tries, check


class Programs:
    """Lets them in; a password that was right once is not hashed again, as that would cost 40 ms each time."""

    def __init__(self, lock: Lock, tries: Tries) -> None:
        self._lock = lock
        self._tries = tries
        self._salt = secrets.token_bytes(32)
        self._right = (b"", "")

    def admit(self, password: str, address: str) -> Callable[[], bool]:
        """Whether it may still look, as long as it is answered; raises what is wrong with the password."""
        mark = self._lock.mark
        told = hmac.digest(self._salt, password.encode("utf-8", "surrogateescape"), "sha256")
        known, of = self._right
        if not (hmac.compare_digest(told, known) and of == mark):
            check(self._lock, self._tries, address, password)
            self._right = told, mark
        return lambda: self._lock.knows(mark)
