"""The rules of connections: contract sections 3.2, 5.3, 7 and 8; data-plane limits with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from uuid import UUID

from console.errors import Violation
from policies.domain.checks import enum_violations, name_violations, range_violations, unique_violations
from policies.domain.proposals import AUTO_IKE, IkeOffer, IkeVersion
from vpn.domain.checks import Quotas, parse_address, quota_violations
from vpn.domain.checks_cidrs import OVERLAP, own_cidr_violations, own_network_violations, parse_side
from vpn.domain.cidrs import parse_cidr
from vpn.domain.identities import Identity, identity_violations, is_fqdn
from vpn.domain.spec import DpdAction, Secret

PSK_RULE = (
    "A pre-shared key has 6 to 128 characters out of letters, digits and -+&!@#$%^*(),.:_ "
    "and does not begin with 0x or 0s."
)
_PSK = re.compile(r"(?!0[xs])[-+&!@#$%^*(),.:_A-Za-z0-9]{6,128}")
_LARGEST_DPD = 86399


@dataclass(frozen=True, slots=True, kw_only=True)
class DpdDraft:
    """Seconds. The defaults are those of generation 1."""

    action: str = "none"
    interval: int = 30
    timeout: int = 120

    @classmethod
    def default(cls, generation: int) -> DpdDraft:
        """Contract sections 3.2 and 4.3."""
        return cls() if generation == 1 else cls(action="restart", interval=2, timeout=10)


ESTABLISH_MODES = ("bidirectional", "peer_only")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft:
    """The would-be connection, after create or update; `ike` is its policy's offer."""

    name: str
    # One of both; the other is empty.
    peer_address: str
    # None: set, but nobody can open it any more; no rule is about it.
    psk: str | None = field(repr=False)
    local_cidrs: tuple[str, ...]
    peer_cidrs: tuple[str, ...]
    admin_state_up: bool = True
    dead_peer_detection: DpdDraft = DpdDraft()
    ike: IkeOffer = AUTO_IKE
    # Whether the IPsec policy, if there is one, names one algorithm of each kind.
    ipsec_single: bool = True
    establish_mode: str = "bidirectional"
    peer_fqdn: str = ""
    local_identity: Identity | None = None
    peer_identity: Identity | None = None
    generation: int = 1

    @property
    def peer(self) -> str:
        """What connections to one peer have in common."""
        return self.peer_fqdn or self.peer_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another connection of the gateway or of its VPC; `peer_address` may be a name. `psk` is needed
    only for enabled ones of the same gateway towards the draft's peer."""

    id: UUID
    name: str
    peer_address: str
    local_cidrs: tuple[str, ...]
    peer_cidrs: tuple[str, ...]
    admin_state_up: bool = True
    ike: IkeOffer = AUTO_IKE
    psk: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """How much the gateway's other connections have."""

    connections: int
    local_cidrs: int
    peer_cidrs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """`public_address` is the gateway's; `siblings` are its other connections, `vpc_siblings`
    those of the VPC's other gateways. Siblings that share neither name, peer address nor any part
    of a peer CIDR with the draft may be left out; then `others` counts all of the gateway. With
    `peer_cidrs_unique` off, connections of one gateway may share peer CIDRs as long as their local
    CIDRs differ; those of two gateways never, for the VPC's routes lead a CIDR to one gateway.
    `subnets` are names and blocks of the VPC's."""

    public_address: str
    siblings: Sequence[Sibling] = ()
    vpc_siblings: Sequence[Sibling] = ()
    others: Others | None = None
    subnets: Sequence[tuple[str, str]] = ()
    creating: bool = True
    peer_cidrs_unique: bool = True
    lower_names: bool = False
    quotas: Quotas = field(default_factory=Quotas)

    @property
    def counted(self) -> Others:
        """`others`, or the siblings counted."""
        return self.others or Others(
            connections=len(self.siblings),
            local_cidrs=sum(len(sibling.local_cidrs) for sibling in self.siblings),
            peer_cidrs=sum(len(sibling.peer_cidrs) for sibling in self.siblings),
        )


def connection_violations(draft: ConnectionDraft, *, facts: ConnectionFacts) -> list[Violation]:
    """Every broken rule of a connection. No message holds the pre-shared key."""
    broken = [
        *(_quota(facts) if facts.creating else ()),
        *name_violations(draft.name, code="vpn_connection_invalid_name", lower=facts.lower_names),
        *unique_violations(
            draft.name,
            {sibling.name for sibling in facts.siblings},
            code="vpn_connection_duplicate_name",
            noun="connection of this gateway",
        ),
        *_peer(draft, facts.public_address),
        *_psk(draft.psk),
        *_dpd(draft.dead_peer_detection),
        *enum_violations(draft.establish_mode, ESTABLISH_MODES, field="establish_mode"),
        *identity_violations(draft.local_identity, field="local_identity"),
        *identity_violations(draft.peer_identity, field="peer_identity"),
        *_ikev1(draft),
        *_cidr_counts(draft, facts),
    ]
    local = parse_side(draft.local_cidrs, "local_cidrs", broken)
    peer = parse_side(draft.peer_cidrs, "peer_cidrs", broken)
    broken += own_cidr_violations(draft.peer_address, local, peer)
    broken += own_network_violations(local, peer, facts.subnets)
    broken += _against_siblings(draft, local, peer, facts)
    broken += _shared_peer(draft, facts.siblings)
    return broken


def removal_violations(cidr: str, present: Collection[str], *, side: str) -> list[Violation]:
    """Taking `cidr` away from `side` ("local" or "peer") would leave the side empty."""
    if set(present) - {cidr}:
        return []
    message = f"{cidr} is the last {side} CIDR of the connection; a connection needs at least one."
    return [Violation("vpn_connection_cidr_not_deleted", f"{side}_cidrs", message)]


def _quota(facts: ConnectionFacts) -> Iterator[Violation]:
    return quota_violations(
        facts.counted.connections,
        facts.quotas.connections_per_gateway,
        code="vpn_connections_quota_exceeded",
        noun="connections",
        place="The gateway",
    )


def _peer(draft: ConnectionDraft, own: str) -> Iterator[Violation]:
    if not draft.peer_fqdn:
        yield from _peer_address(draft.peer_address, own)
    elif draft.peer_address:
        message = "A peer is known by its address or by its name (fqdn): give one of both."
        yield Violation("validation_only_one", "peer_fqdn", message)
    elif not is_fqdn(draft.peer_fqdn):
        message = "The fqdn of a peer is a full domain name such as vpn.example.com."
        yield Violation("validation_failure", "peer_fqdn", message)


def _peer_address(text: str, own: str) -> Iterator[Violation]:
    address = parse_address(text)
    message = ""
    if address is None:
        what = "an IPv6 address" if ":" in text else "no IPv4 address"
        message = f"peer_address must be an IPv4 address such as 203.0.113.9; {text[:64]!r} is {what}."
    elif own and address == parse_address(own):
        message = f"peer_address {text} is the gateway's own public address; give the peer's."
    elif kind := _unfit(address):
        message = f"peer_address {text} is {kind}; give the public IPv4 address of the peer."
    if message:
        yield Violation("validation_invalid_ipv4_address", "peer_address", message)


def _unfit(address: IPv4Address) -> str:
    if address in IPv4Network("0.0.0.0/8"):
        return "not the address of a host"
    if address.is_loopback:
        return "a loopback address"
    if address.is_multicast:
        return "a multicast address"
    if address in IPv4Network("240.0.0.0/4"):
        return "a broadcast or reserved address"
    return ""


def _psk(value: str | None) -> Iterator[Violation]:
    if value is not None and not _PSK.fullmatch(value):
        yield Violation("vpn_connection_invalid_psk_format", "psk", PSK_RULE)


def _dpd(dpd: DpdDraft) -> Iterator[Violation]:
    at = "dead_peer_detection"
    yield from enum_violations(dpd.action, [action.value for action in DpdAction], field=f"{at}.action")
    yield from range_violations(dpd.interval, field=f"{at}.interval", low=1, high=_LARGEST_DPD)
    yield from range_violations(dpd.timeout, field=f"{at}.timeout", low=2, high=_LARGEST_DPD)
    if dpd.interval > dpd.timeout:
        message = f"The timeout ({dpd.timeout} s) must not be shorter than the interval ({dpd.interval} s)."
        yield Violation("validation_failure", f"{at}.timeout", message)


def _ikev1(draft: ConnectionDraft) -> Iterator[Violation]:
    if draft.ike.version is IkeVersion.V1 and not draft.ipsec_single:
        message = "IKEv1 negotiates one algorithm of each kind, but this IPsec policy names several."
        yield Violation("validation_failure", "ipsec_policy", message)


def _cidr_counts(draft: ConnectionDraft, facts: ConnectionFacts) -> Iterator[Violation]:
    quotas = facts.quotas
    for side, own in (("local", draft.local_cidrs), ("peer", draft.peer_cidrs)):
        path, code = f"{side}_cidrs", f"vpn_connection_{side}_subnets_quota_exceeded"
        others: int = getattr(facts.counted, path)
        if not own:
            message = f"A connection needs at least one {side} CIDR."
            yield Violation(f"vpn_connection_{path}_required", path, message)
        if len(own) > quotas.cidrs_per_connection:
            message = (
                f"A connection may have {quotas.cidrs_per_connection} {side} CIDRs; these are {len(own)}."
            )
            yield Violation(f"{code}_for_connection", path, message)
        if len(own) + others > quotas.cidrs_per_gateway:
            message = (
                f"A gateway may have {quotas.cidrs_per_gateway} {side} CIDRs over all its connections; "
                f"with these there would be {len(own) + others}."
            )
            yield Violation(code, path, message)


def _against_siblings(
    draft: ConnectionDraft,
    local: dict[str, IPv4Network],
    peer: dict[str, IPv4Network],
    facts: ConnectionFacts,
) -> Iterator[Violation]:
    near_and_far = [(True, s) for s in facts.siblings] + [(False, s) for s in facts.vpc_siblings]
    for near, sibling in near_and_far:
        theirs = [parse_cidr(text) for text in sibling.peer_cidrs]
        their_local = [parse_cidr(text) for text in sibling.local_cidrs]
        for (where, network), other in product(peer.items(), theirs):
            if not network.overlaps(other):
                continue
            pair = next((n for n in local.values() if n in their_local), None)
            if near and network == other and pair and sibling.peer_address == draft.peer:
                message = f"The connection {sibling.name} has the pair {pair} - {network} to the same peer."
                yield Violation("vpn_connection_pair_cidrs_duplicated", where, message)
            elif not near or facts.peer_cidrs_unique or _any_overlap(local.values(), their_local):
                message = f"The peer CIDR {network} overlaps {other} of the connection {sibling.name}."
                yield Violation(OVERLAP, where, message)


def _any_overlap(first: Collection[IPv4Network], second: Collection[IPv4Network]) -> bool:
    return any(one.overlaps(other) for one, other in product(first, second))


def _shared_peer(draft: ConnectionDraft, siblings: Sequence[Sibling]) -> Iterator[Violation]:
    """Enabled connections to one peer share one IKE SA, in every IKE version."""
    if not draft.admin_state_up:
        return
    for sibling in siblings:
        if not sibling.admin_state_up or sibling.peer_address != draft.peer:
            continue
        start = f"The connection {sibling.name} leads to the same peer and shares its IKE SA;"
        if sibling.psk and draft.psk is not None and sibling.psk.value != draft.psk:
            yield Violation("validation_failure", "psk", f"{start} both need the same pre-shared key.")
        if sibling.ike != draft.ike:
            message = f"{start} both need the same IKE policy, or policies with equal values."
            yield Violation("validation_failure", "ike_policy", message)
