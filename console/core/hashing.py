"""Password hashes: as expensive as they have to be, and few at a time.

Every password is checked and hashed here, for whichever page, command or backend, since the limit is
in the hasher itself. One hash takes about 0.1 s of a core and 46 MiB; without a limit, a handful of
sign-in attempts could use up both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

# In each process, so that a thread is left for other requests.
MAX_WAITING = 2
# The longest wait, in seconds.
MAX_WAIT_SECONDS = 5.0


class TooManyHashes(Exception):
    """Too many passwords are being checked: this one was not, and may be right or wrong."""


class Gate:
    """Admits `running` at a time and lets `waiting` more wait for at most `patience` seconds each."""

    def __init__(self, running: int, waiting: int, patience: float) -> None:
        self._most_running, self._most_waiting, self._patience = running, waiting, patience
        self.running = self.waiting = 0
        self._changed = Condition()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Raises TooManyHashes at once when the gate is full, and after `patience` seconds when
        no place became free."""
        with self._changed:
            self._wait_for_place()
            self.running += 1
        try:
            yield
        finally:
            with self._changed:
                self.running -= 1
                self._changed.notify()

    def refuse_if_full(self) -> None:
        """Raises TooManyHashes when `entered` would do so at once: for use before other work."""
        with self._changed:
            if not self._is_free() and self.waiting >= self._most_waiting:
                raise TooManyHashes

    def _wait_for_place(self) -> None:
        if self._is_free():
            return
        if self.waiting >= self._most_waiting:
            raise TooManyHashes
        self.waiting += 1
        try:
            if not self._changed.wait_for(self._is_free, self._patience):
                raise TooManyHashes
        finally:
            self.waiting -= 1

    def _is_free(self) -> bool:
        return self.running < self._most_running


@cache
def gate() -> Gate:
    """The process's own."""
    return Gate(settings.PASSWORD_HASHES, MAX_WAITING, MAX_WAIT_SECONDS)


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with a single lane: Django's eight would take every core for one sign-in.

    Above OWASP's recommendation (46 MiB, one pass, one lane) by a second pass. Hashes with other
    parameters are verified as they are, and are replaced at the next sign-in.
    """

    time_cost = 2
    memory_cost = 47104
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with gate().entered():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with gate().entered():
            return bool(super().verify(password, encoded))
