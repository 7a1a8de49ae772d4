"""What is said of an algorithm, and with which strength."""

from __future__ import annotations

from policies.domain.verdicts import Strength, Verdict, against, ok, unlisted


def test_what_a_table_recommends() -> None:
    assert ok("RFC 8247", "MUST") == Verdict(Strength.OK, "MUST in RFC 8247.", "RFC 8247")


def test_what_no_table_lists_is_strong() -> None:
    said = "HMAC-SHA-384 of RFC 4868; not in the tables of RFC 8247."
    assert unlisted("RFC 4868", "HMAC-SHA-384") == Verdict(Strength.OK, said, "RFC 4868")


def test_what_a_table_advises_against_is_broken_unless_it_is_weak() -> None:
    assert against("RFC 8221", "Too short.") == Verdict(Strength.BROKEN, "Too short.", "RFC 8221")
    assert against("RFC 8221", "Old.", Strength.WEAK) == Verdict(Strength.WEAK, "Old.", "RFC 8221")
