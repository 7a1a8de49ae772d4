"""Which reason is reported, and what to do about it."""

from __future__ import annotations

import pytest

from vpn.domain.reasons import (
    REMEDIES,
    SENTENCES,
    Cause,
    Code,
    cidr_mismatch,
    clearest,
    not_observed,
    reason,
    remedy,
    unresolved,
)
from vpn.domain.state import Reason


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_sentence_and_a_remedy(code: Code) -> None:
    assert reason(code) == Reason(code.value, SENTENCES[code])
    assert reason(code, "More is known.") == Reason(code.value, "More is known.")
    assert remedy(code.value) == REMEDIES[code]


def test_nothing_is_known_before_the_first_observation() -> None:
    message = "Not observed yet since the service was started."
    assert not_observed() == Reason("internal_error", message)


def test_the_failure_that_came_furthest_is_the_clearest() -> None:
    silent, mismatch = reason(Code.PEER_NOT_RESPONDING), reason(Code.IKE_POLICY_MISMATCH)
    refused, selectors = reason(Code.CANNOT_AUTHENTICATE), reason(Code.CIDR_MISMATCH_V2)
    assert clearest() is clearest(None, None) is None
    assert clearest(None, silent) == clearest(silent, None) == silent
    assert clearest(silent, mismatch) == clearest(mismatch, silent) == mismatch
    assert clearest(mismatch, refused) == clearest(refused, silent) == refused
    assert (clearest(refused, selectors), clearest(selectors, refused)) == (refused, selectors)


def test_refused_selectors_have_a_code_for_each_ike_version() -> None:
    assert cidr_mismatch(1) == "ike_v1_id_local_remote_cidr_mismatch"
    assert cidr_mismatch(2) == "ike_v2_local_remote_cidr_mismatch"


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("", "has no IPv4 address in the DNS"),
        ("127.0.0.1, a loopback address", "resolves only to 127.0.0.1, a loopback address"),
    ],
)
def test_a_name_without_a_usable_address(fault: str, what: str) -> None:
    found = unresolved("vpn.example.com", fault) if fault else unresolved("vpn.example.com")
    message = f"The name vpn.example.com {what}; the lookup is repeated."
    assert found == Reason("peer_not_responding", message, "peer_name")


def test_the_remedy_of_a_known_cause_comes_first() -> None:
    by_name = remedy("peer_not_responding", Cause.PEER_NAME)
    assert by_name.startswith("Check the spelling of the name")
    assert remedy("peer_not_responding", "unknown") == REMEDIES[Code.PEER_NOT_RESPONDING]
    assert remedy("unknown") == ""
