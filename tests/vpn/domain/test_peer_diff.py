"""Differences between two ends, reported side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.proposals import AUTO_ESP, AUTO_ESP_2, AUTO_IKE, AUTO_IKE_2, IkeVersion, Proposal
from tests.vpn.domain.drafts import GOOD
from vpn.domain.peer_diff import End, differences

HERE = End(draft=GOOD, esp=AUTO_ESP, local_identity="203.0.113.1", peer_identity="203.0.113.9")
THERE = End(
    draft=replace(GOOD, peer_address="203.0.113.1", local_cidrs=GOOD.peer_cidrs, peer_cidrs=GOOD.local_cidrs),
    esp=AUTO_ESP,
    local_identity="203.0.113.9",
    peer_identity="203.0.113.1",
)


def there(**changes: object) -> End:
    return replace(THERE, draft=replace(THERE.draft, **changes))


def test_mirrors_do_not_differ() -> None:
    assert differences(HERE, THERE) == []
    # Offers need only meet.
    group = Proposal(("aes256", "aes128"), ("sha256",), (14,))
    assert differences(HERE, there(ike=replace(AUTO_IKE_2, proposal=group))) == []


V1 = replace(AUTO_IKE, version=IkeVersion.V1)


@pytest.mark.parametrize(
    ("changes", "label", "shown"),
    [
        ({"peer_cidrs": ("192.168.99.0/24",)}, "Local CIDRs here, peer CIDRs there", "192.168.99.0/24"),
        ({"local_cidrs": ("10.0.0.0/24",)}, "Peer CIDRs here, local CIDRs there", "10.0.0.0/24"),
        ({"admin_state_up": False}, "Admin state", "disabled"),
        (
            {"ike": replace(AUTO_IKE, proposal=Proposal(("aes256",), ("sha512",), (20,)))},
            "IKE offer",
            "group 20",
        ),
    ],
)
def test_differences_are_reported(changes: dict[str, object], label: str, shown: str) -> None:
    (found,) = differences(HERE, there(**changes))
    assert found.label == label and shown in found.there and shown not in found.here


def test_versions_identities_ways_and_suites() -> None:
    one = replace(HERE, draft=replace(GOOD, ike=AUTO_IKE_2, establish_mode="peer_only"))
    found = differences(one, there(ike=V1, establish_mode="peer_only"))
    assert [d.label for d in found] == ["Initiated by", "IKE offer"]
    assert "IKEv2" in found[1].here and "IKEv1" in found[1].there
    pfs = replace(AUTO_ESP_2, proposal=replace(AUTO_ESP_2.proposal, groups=(14,)))
    (found_esp,) = differences(HERE, replace(THERE, esp=pfs))
    assert "no PFS" in found_esp.here and "group 14" in found_esp.there
    (named,) = differences(HERE, replace(THERE, local_identity="@branch.example.com"))
    assert named.there == "@branch.example.com"


def test_of_a_key_only_the_difference_is_reported() -> None:
    (found,) = differences(HERE, there(psk="AnotherPassword"))
    assert found == ("Pre-shared key", "one key", "another key")
    assert differences(HERE, there(psk=None)) == []
