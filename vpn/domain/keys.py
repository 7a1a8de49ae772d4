"""Advice on when to replace a pre-shared key; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

YEAR = timedelta(days=365)
HALF_YEAR = timedelta(days=182)


class KeyAdvice(NamedTuple):
    """`tone` is ok, weak or empty; `text` says what to do."""

    days: int
    tone: str
    text: str


def key_advice(age: timedelta) -> KeyAdvice:
    """Everyone who ever handled the key still knows it: so keys must be replaced regularly."""
    if age >= YEAR:
        return KeyAdvice(
            age.days, "weak", "It is more than a year old: agree on a new one with the other side."
        )
    if age >= HALF_YEAR:
        return KeyAdvice(age.days, "", "Plan to replace it: a key should not be used for more than a year.")
    return KeyAdvice(age.days, "", "Replace it once a year, and whenever somebody who knew it leaves.")
