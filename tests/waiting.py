"""Waiting for something to become so, instead of sleeping and hoping."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Every limit times this: in an emulated kernel (`.ci/kernel`) all takes ten times longer.
PATIENCE = float(os.environ.get("ISTHMUS_PATIENCE", "1"))


def wait_for(condition: Callable[[], T], seconds: float = 10, *, every: float = 0.02) -> T:
    """The first true answer of `condition`; AssertionError when it stays false for `seconds`
    (times PATIENCE)."""
    seconds *= PATIENCE
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > limit:
            name = getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"{name} did not come true within {seconds:g} s, last answer {answer!r}")
        time.sleep(every)
    return answer
