"""The rules for connections (contract sections 3.2, 5.3, 7 and 8), including data plane limits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from console.core.errors import Violation
from policies.domain.checks import (
    enum_violations,
    name_violations,
    range_violations,
    unique_violations,
    weakness_violations,
)
from policies.domain.proposals import IkeVersion
from vpn.domain.checks.cidrs import own_cidr_violations, own_network_violations, parse_side
from vpn.domain.checks.common import Quotas, parse_address, quota_violations, unfit_peer
from vpn.domain.checks.siblings import (
    shared_identity_violations,
    shared_peer_violations,
    sibling_cidr_violations,
)
from vpn.domain.connection_drafts import ConnectionDraft, ConnectionFacts
from vpn.domain.identities import identity_violations, is_fqdn
from vpn.domain.spec import DpdAction

PSK_RULE = (
    "A pre-shared key has 6 to 128 characters: letters, digits and -+&!@#$%^*(),.:_ "
    "It does not begin with 0x or 0s, in lower or upper case."
)
# Replaces the key in responses. If it is sent back, it must not become the key.
MASK = "********"
_MASKED = f"{MASK} is the mask of a hidden key: omit psk to keep the key, or send the key itself."
# strongSwan reads what follows 0x or 0s, in either case, as hexadecimal or Base64.
_PSK = re.compile(r"(?!0[xsXS])[-+&!@#$%^*(),.:_A-Za-z0-9]{6,128}")
LEAST_INTERVAL, LEAST_TIMEOUT, LARGEST_DPD = 1, 2, 86399


ESTABLISH_MODES = ("bidirectional", "peer_only")


def connection_violations(draft: ConnectionDraft, *, facts: ConnectionFacts) -> list[Violation]:
    """Every broken rule of a connection. No message contains the pre-shared key."""
    broken = [
        *(_quota(facts) if facts.creating else ()),
        *name_violations(draft.name, code="vpn_connection_invalid_name", lower=facts.lower_names),
        *unique_violations(
            draft.name,
            {sibling.name for sibling in facts.siblings},
            code="vpn_connection_duplicate_name",
            noun="connection of this gateway",
        ),
        *_peer(draft, facts),
        *_psk(draft.psk),
        *_dpd(draft),
        *enum_violations(draft.establish_mode, ESTABLISH_MODES, field="establish_mode"),
        *identity_violations(draft.local_identity, field="local.ike_identities[0]"),
        *identity_violations(draft.peer_identity, field="peer.ike_identity"),
        *_ikev1(draft),
        *(broken for policy in facts.attached for broken in weakness_violations(policy)),
        *_cidr_counts(draft, facts),
    ]
    # CIDRs beyond the limit are counted but not parsed.
    most = facts.quotas.cidrs_per_connection if facts.creating else None
    local = parse_side(_within(draft.local_cidrs, most), "local.cidrs", broken)
    peer = parse_side(_within(draft.peer_cidrs, most), "peer.cidrs", broken)
    broken += own_cidr_violations(facts.public_address, local, peer)
    broken += own_network_violations(local, peer, facts.subnets)
    broken += sibling_cidr_violations(draft, local, peer, facts)
    broken += shared_peer_violations(draft, facts.siblings)
    broken += shared_identity_violations(draft, facts)
    return broken


def _within(cidrs: tuple[str, ...], most: int | None) -> tuple[str, ...]:
    return cidrs if most is None or len(cidrs) <= most else ()


def removal_violations(cidr: str, present: Collection[str], *, side: str) -> list[Violation]:
    """A violation if removing `cidr` from `side` ("local" or "peer") would leave the side empty."""
    if set(present) - {cidr}:
        return []
    message = f"{cidr} is the last {side} CIDR of the connection; a connection needs at least one."
    return [Violation("vpn_connection_cidr_not_deleted", f"{side}.cidrs", message)]


def _quota(facts: ConnectionFacts) -> Iterator[Violation]:
    return quota_violations(
        facts.counted.connections,
        facts.quotas.connections_per_gateway,
        code="vpn_connections_quota_exceeded",
        noun="connections",
        place="The gateway",
    )


def _peer(draft: ConnectionDraft, facts: ConnectionFacts) -> Iterator[Violation]:
    if not draft.peer_fqdn:
        if message := _wrong_address(draft.peer_address, facts):
            yield Violation("validation_invalid_ipv4_address", "peer.address", message)
    elif draft.peer_address:
        message = "A peer has either an address or a name (fqdn): give one of the two."
        yield Violation("validation_only_one", "peer.fqdn", message)
    elif not is_fqdn(draft.peer_fqdn):
        message = "The fqdn of a peer is a full domain name such as vpn.example.com."
        yield Violation("validation_failure", "peer.fqdn", message)


def _wrong_address(text: str, facts: ConnectionFacts) -> str:
    """What is wrong with the address of a peer; empty if nothing is."""
    address = parse_address(text)
    if address is None:
        what = "an IPv6 address" if ":" in text else "not an IPv4 address"
        return f"The peer's address must be an IPv4 address such as 203.0.113.9; {text[:64]!r} is {what}."
    kind = unfit_peer(address, facts.public_address, facts.provider_cidr)
    return f"{text} is {kind}; give the public IPv4 address of the peer." if kind else ""


def _psk(value: str | None) -> Iterator[Violation]:
    if value == MASK:
        yield Violation("vpn_connection_invalid_psk_format", "psk", _MASKED)
    elif value is not None and not _PSK.fullmatch(value):
        yield Violation("vpn_connection_invalid_psk_format", "psk", PSK_RULE)


def _dpd(draft: ConnectionDraft) -> Iterator[Violation]:
    at = "dead_peer_detection"
    interval, timeout = draft.dpd_interval, draft.dpd_timeout
    yield from enum_violations(draft.dpd_action, [action.value for action in DpdAction], field=f"{at}.action")
    yield from range_violations(interval, field=f"{at}.interval", low=LEAST_INTERVAL, high=LARGEST_DPD)
    yield from range_violations(timeout, field=f"{at}.timeout", low=LEAST_TIMEOUT, high=LARGEST_DPD)
    if interval > timeout:
        message = f"The timeout ({timeout} s) must not be shorter than the interval ({interval} s)."
        yield Violation("validation_failure", f"{at}.timeout", message)


def _ikev1(draft: ConnectionDraft) -> Iterator[Violation]:
    if draft.ike.version is IkeVersion.V1 and not draft.ipsec_single:
        message = "IKEv1 negotiates one algorithm of each kind, but this IPsec policy lists several."
        yield Violation("validation_failure", "ipsec_policy", message)


def too_many_cidrs(local: int, peer: int, quotas: Quotas) -> list[Violation]:
    """More CIDRs on a side than a connection may have. They are counted before any of them is parsed."""
    most = quotas.cidrs_per_connection
    return [
        Violation(
            f"vpn_connection_{side}_subnets_quota_exceeded_for_connection",
            f"{side}.cidrs",
            f"A connection may have {most} {side} CIDRs; these are {count}.",
        )
        for side, count in (("local", local), ("peer", peer))
        if count > most
    ]


def _cidr_counts(draft: ConnectionDraft, facts: ConnectionFacts) -> Iterator[Violation]:
    quotas = facts.quotas
    yield from too_many_cidrs(len(draft.local_cidrs), len(draft.peer_cidrs), quotas)
    for side, own in (("local", draft.local_cidrs), ("peer", draft.peer_cidrs)):
        path = f"{side}.cidrs"
        others: int = getattr(facts.counted, f"{side}_cidrs")
        if not own:
            message = f"A connection needs at least one {side} CIDR."
            yield Violation(f"vpn_connection_{side}_cidrs_required", path, message)
        if len(own) + others > quotas.cidrs_per_gateway:
            message = (
                f"A gateway may have {quotas.cidrs_per_gateway} {side} CIDRs over all its connections; "
                f"with these there would be {len(own) + others}."
            )
            yield Violation(f"vpn_connection_{side}_subnets_quota_exceeded", path, message)
