"""How policies are put into words on pages."""

from __future__ import annotations

from policies.domain.algorithms import Strength, Verdict
from policies.strength import word_of


def labelled(name: str, verdict: Verdict) -> str:
    """For the options of a form: `md5 (broken: RFC 8247)`."""
    word = word_of(name)
    return word if verdict.strength is Strength.OK else f"{word} ({verdict.strength.value}: {verdict.rfc})"
