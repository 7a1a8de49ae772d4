"""When to replace a pre-shared key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vpn.domain.keys import KeyAdvice, key_advice

YOUNG = "Replace it once a year, and whenever somebody who knew it leaves."
MIDDLE = "Plan to replace it: a key should not be used for more than a year."
OLD = "It is more than a year old: agree on a new one with the other side."


@pytest.mark.parametrize(
    ("days", "tone", "text"),
    [(0, "", YOUNG), (181, "", YOUNG), (182, "", MIDDLE), (364, "", MIDDLE), (365, "weak", OLD)],
)
def test_the_advice_depends_on_the_age(days: int, tone: str, text: str) -> None:
    assert key_advice(timedelta(days=days)) == KeyAdvice(days, tone, text)
