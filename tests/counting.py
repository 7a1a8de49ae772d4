"""Measures work in steps that do not depend on the machine."""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile


def steps_of(work: Callable[[], object]) -> int:
    """Calls of functions, built-in ones included, while `work` runs in this thread."""
    profile = Profile()
    profile.enable()
    try:
        work()
    finally:
        profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


class Compared(str):
    """Text that counts how often it is compared: built-in searches make no calls of functions."""

    count = 0

    def __eq__(self, other: object) -> bool:
        Compared.count += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__
