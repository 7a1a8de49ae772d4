"""Password hashes: as costly as they have to be, and few at once.

Every check of a password and every new one passes here, whichever page, command or backend asked for
it, since the bound is in the hasher itself. One hash takes about 0.1 s of a core and 46 MiB; without a
bound, a handful of strangers' sign-ins would take both from everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

# So many wait for their turn in each process, which leaves it a thread for other requests.
WAITING = 2
# Seconds that one waits for its turn at most.
PATIENCE = 5.0


class TooManyHashes(Exception):
    """So many passwords are being checked that this one was not; nothing was decided."""


class Gate:
    """Lets `running` enter at once and `waiting` more wait for at most `patience` seconds each."""

    def __init__(self, running: int, waiting: int, patience: float) -> None:
        self._most_running, self._most_waiting, self._patience = running, waiting, patience
        self.running = self.waiting = 0
        self._changed = Condition()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Raises TooManyHashes at once when all places are taken, and after `patience` seconds when
        none became free."""
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
        """Raises TooManyHashes when `entered` would do so at once: to be asked before other work."""
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
    return Gate(settings.PASSWORD_HASHES, WAITING, PATIENCE)


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
