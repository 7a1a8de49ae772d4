"""Which tunnels an edit ends, said before it is made; pure. The same rules as `fitting`."""

from __future__ import annotations

from dataclasses import dataclass

from policies.domain.proposals import EspOffer, IkeOffer
from vpn.domain.fitting import offers_esp, offers_ike


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a connection its tunnel must agree with."""

    enabled: bool
    peer: str
    local_id: str
    remote_id: str
    ike: IkeOffer
    esp: EspOffer


def interruption(before: Terms, after: Terms, *, version: int, ike_suite: str, esp_suite: str) -> str:
    """Why a tunnel with these negotiated values ends, as the end of a sentence; empty if it goes on."""
    ids = (before.local_id, before.remote_id) != (after.local_id, after.remote_id)
    groups = before.esp.proposal.groups
    gone = "is not offered any more"
    causes = (
        (not after.enabled, "the connection is disabled"),
        (before.peer != after.peer, "the peer address changes"),
        (ids, "an IKE identity changes"),
        (not offers_ike(after.ike, version, ""), f"IKEv{version} {gone}"),
        (not offers_ike(after.ike, version, ike_suite), f"IKE with {ike_suite} {gone}"),
        (
            not offers_esp(after.esp.proposal, esp_suite, groups),
            f"IPsec with {esp_suite}, or its perfect forward secrecy, {gone}",
        ),
    )
    return next((why for ends, why in causes if ends), "")
