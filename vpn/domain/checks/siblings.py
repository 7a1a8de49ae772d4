"""The rules between a connection and the other connections of its gateway and VPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from console.core.errors import Violation
from vpn.domain.checks.cidrs import OVERLAP
from vpn.domain.cidrs import overlaps_between, parse_cidr
from vpn.domain.connection_drafts import ConnectionDraft, ConnectionFacts, Sibling
from vpn.domain.identities import identity_violations

_BOTH = "To change both, disable one, change them, and enable it again."


def sibling_cidr_violations(
    draft: ConnectionDraft,
    local: dict[str, IPv4Network],
    peer: dict[str, IPv4Network],
    facts: ConnectionFacts,
) -> Iterator[Violation]:
    """Peer CIDRs that overlap those of another connection of the gateway or of the VPC."""
    places, ours = [*peer], [*peer.values()]
    near_and_far = [(True, s) for s in facts.siblings] + [(False, s) for s in facts.vpc_siblings]
    theirs = [
        (near, sibling, parse_cidr(text)) for near, sibling in near_and_far for text in sibling.peer_cidrs
    ]
    pairs = overlaps_between(ours, [network for _, _, network in theirs])
    for index, their_index in sorted(pairs, key=lambda pair: pair[1]):
        network, (near, sibling, other) = ours[index], theirs[their_index]
        their_local = [parse_cidr(text) for text in sibling.local_cidrs]
        same = set(their_local).intersection(local.values())
        if near and network == other and same and sibling.peer_address == draft.peer:
            pair = next(one for one in local.values() if one in same)
            message = (
                f"The connection {sibling.name} already has the pair {pair} - {network} to the same peer."
            )
            yield Violation("vpn_connection_pair_cidrs_duplicated", places[index], message)
        elif not near or facts.peer_cidrs_unique or overlaps_between([*local.values()], their_local):
            message = f"The peer CIDR {network} overlaps {other} of the connection {sibling.name}."
            yield Violation(OVERLAP, places[index], message)


def shared_peer_violations(draft: ConnectionDraft, siblings: Sequence[Sibling]) -> Iterator[Violation]:
    """Enabled connections to one peer share one IKE SA, with either IKE version."""
    if not draft.admin_state_up:
        return
    for sibling in siblings:
        if not sibling.admin_state_up or sibling.peer_address != draft.peer:
            continue
        start = f"The connection {sibling.name} has the same peer and shares its IKE SA;"
        if sibling.psk and draft.psk is not None and sibling.psk.value != draft.psk:
            yield Violation(
                "validation_failure", "psk", f"{start} both need the same pre-shared key. {_BOTH}"
            )
        if sibling.ike != draft.ike:
            message = f"{start} both need the same IKE policy, or policies with equal values. {_BOTH}"
            yield Violation("validation_failure", "ike_policy", message)


def shared_identity_violations(draft: ConnectionDraft, facts: ConnectionFacts) -> Iterator[Violation]:
    """Enabled connections of one gateway to different peers that have the same IKE identities.

    IKE identifies an end by its identity: a new SA from one address replaces the SA with another address,
    and the key of one peer is used for the other.
    """
    given = (draft.local_identity, draft.peer_identity)
    if not draft.admin_state_up or any(list(identity_violations(one, field="")) for one in given):
        return
    pair = draft.identities(facts.public_address)
    for sibling in facts.siblings:
        if sibling.admin_state_up and sibling.peer_address != draft.peer and sibling.identities == pair:
            message = (
                f"The connections {draft.name} and {sibling.name} have different peers, {draft.peer} and "
                f"{sibling.peer_address}, which both identify as {pair[1]} to {pair[0]}; IKE cannot "
                "tell them apart. Give each peer its own identity, or disable one of the two."
            )
            yield Violation("validation_failure", _peer_field(draft), message)


def _peer_field(draft: ConnectionDraft) -> str:
    """The field that identifies the peer."""
    if draft.peer_identity:
        return "peer.ike_identity"
    return "peer.fqdn" if draft.peer_fqdn else "peer.address"
