"""Consecutive initiations on one member, collected and then started together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vpn.domain.actions import Initiate
from vpn.domain.spec import MemberSpec


@dataclass(frozen=True, slots=True)
class Initiations:
    """Initiations of one member and one generation, in order."""

    member: MemberSpec
    generation: int
    actions: list[Initiate]

    def takes(self, member: MemberSpec, generation: int) -> bool:
        return (member.id, generation) == (self.member.id, self.generation)


class Batch(threading.local):
    """One per thread: a driver is used by several threads."""

    def __init__(self, begin: Callable[[Initiations], None]) -> None:
        self._begin = begin
        self._open = False
        self._waiting: Initiations | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Collect initiations until the end of this context. May be nested."""
        if self._open:
            yield
            return
        self._open = True
        try:
            yield
            self.flush()
        finally:
            self._open, self._waiting = False, None

    def add(self, member: MemberSpec, generation: int, action: Initiate) -> None:
        """Start it, or collect it. Raises whatever starting raises."""
        if self._waiting and not self._waiting.takes(member, generation):
            self.flush()
        if self._waiting is None:
            self._waiting = Initiations(member, generation, [])
        self._waiting.actions.append(action)
        if not self._open:
            self.flush()

    def flush(self) -> None:
        """Start the collected initiations; called before any other action to keep the order."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            self._begin(waiting)
