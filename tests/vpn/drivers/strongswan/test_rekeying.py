"""When each of two ends rekeys what they share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.domain.generations import BY_GENERATION
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion
from tests.vpn.drivers.strongswan.test_translate import CHILD, PEER
from vpn.drivers.strongswan.translate import Message, connection

# The ends, by address; as numbers the first is the lower one, as text the second.
LOW, HIGH = "203.0.113.9", "203.0.113.10"
# Seconds for which charon keeps an IKEv1 SA after it was authenticated again.
KEPT = 10
LIFETIMES = sorted(
    {limit for d in BY_GENERATION.values() for limit in (d.min_lifetime, d.max_lifetime)} | {3600}
)


def loaded(local: str, peer: str, lifetime: int, version: IkeVersion) -> tuple[Message, Message]:
    """IKE and child options of the end at `local`."""
    child = replace(CHILD, esp=EspOffer(CHILD.esp.proposal, lifetime))
    ike = IkeOffer(version, PEER.ike.proposal, lifetime)
    message = connection(replace(PEER, ike=ike, peer_address=peer, children=(child,)), local, version)
    return message, message["children"][CHILD.name]


def seconds(message: Message, key: str) -> int:
    return int(message[key].removesuffix("s"))


def window(message: Message) -> tuple[int, int]:
    """The first and the last moment of a rekeying; charon draws between them."""
    latest = seconds(message, "rekey_time")
    return latest - seconds(message, "rand_time"), latest


@pytest.mark.parametrize("version", [IkeVersion.V1, IkeVersion.V2])
@pytest.mark.parametrize("lifetime", LIFETIMES)
def test_two_ends_never_rekey_in_the_same_moments(lifetime: int, version: IkeVersion) -> None:
    ends = zip(loaded(LOW, HIGH, lifetime, version), loaded(HIGH, LOW, lifetime, version), strict=True)
    for first, second in ends:
        assert window(first)[1] + 2 * KEPT < window(second)[0]
        assert window(second)[1] < lifetime


@pytest.mark.parametrize("lifetime", [2, 3, *LIFETIMES])
@pytest.mark.parametrize("ends", [(LOW, HIGH), (HIGH, LOW)])
def test_no_key_outlives_its_lifetime(lifetime: int, ends: tuple[str, str]) -> None:
    """Nor is rekeying ever switched off, which is what 0 means."""
    ike, child = loaded(*ends, lifetime, IkeVersion.V2)
    assert seconds(ike, "rekey_time") + seconds(ike, "over_time") == lifetime
    assert seconds(child, "life_time") == lifetime
    for message in (ike, child):
        earliest, latest = window(message)
        assert 0 < earliest <= latest < lifetime
