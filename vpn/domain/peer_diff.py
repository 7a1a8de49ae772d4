"""Differences between two connections that should mirror each other; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from vpn.domain.connection_drafts import ConnectionDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end; identities are written as strongSwan does, with the defaults filled in."""

    draft: ConnectionDraft
    esp: EspOffer
    local_identity: str
    peer_identity: str


class Difference(NamedTuple):
    """A field and its values at the two ends; of a key only that it differs."""

    label: str
    here: str
    there: str


def differences(here: End, there: End) -> list[Difference]:
    """The differences that keep the tunnel, or some of its pairs, from coming up; empty if both match."""
    return [*_settings(here.draft, there.draft), *_offers(here, there), *_names(here, there)]


def _settings(here: ConnectionDraft, there: ConnectionDraft) -> Iterator[Difference]:
    if here.admin_state_up != there.admin_state_up:
        words = {True: "enabled", False: "disabled"}
        yield Difference("Admin state", words[here.admin_state_up], words[there.admin_state_up])
    if here.establish_mode == there.establish_mode == "peer_only":
        yield Difference("Initiated by", "the peer only", "the peer only")
    crossed = (
        ("Local CIDRs here, peer CIDRs there", here.local_cidrs, there.peer_cidrs),
        ("Peer CIDRs here, local CIDRs there", here.peer_cidrs, there.local_cidrs),
    )
    for label, ours, theirs in crossed:
        if set(ours) != set(theirs):
            yield Difference(label, " ".join(ours), " ".join(theirs))


def _offers(here: End, there: End) -> Iterator[Difference]:
    one, other = here.draft.ike, there.draft.ike
    versions = {one.version, other.version}
    apart = IkeVersion.ANY not in versions and len(versions) > 1
    if apart or not _have_common_suite(one.proposal, other.proposal):
        yield Difference("IKE offer", _ike(one), _ike(other))
    if not _have_common_suite(here.esp.proposal, there.esp.proposal):
        yield Difference("IPsec offer", _describe(here.esp.proposal), _describe(there.esp.proposal))


def _have_common_suite(one: Proposal, other: Proposal) -> bool:
    return bool(set(one.expand()) & set(other.expand()))


def _names(here: End, there: End) -> Iterator[Difference]:
    if here.local_identity != there.peer_identity:
        label = "This gateway's identity, as expected there"
        yield Difference(label, here.local_identity, there.peer_identity)
    if here.peer_identity != there.local_identity:
        yield Difference("The peer's identity, as it is there", here.peer_identity, there.local_identity)
    ours, theirs = here.draft.psk, there.draft.psk
    if ours is not None and theirs is not None and ours != theirs:
        yield Difference("Pre-shared key", "one key", "another key")


def _ike(offer: IkeOffer) -> str:
    version = "IKEv1 or IKEv2" if offer.version is IkeVersion.ANY else f"IKEv{offer.version.value}"
    return f"{version}; {_describe(offer.proposal)}"


def _describe(proposal: Proposal) -> str:
    groups = ", ".join(map(str, proposal.groups))
    parts = [", ".join(proposal.encryption), ", ".join(proposal.integrity)]
    # Only an IPsec offer has no groups.
    parts.append(f"group {groups}" if groups else "no PFS")
    return "; ".join(part for part in parts if part)
