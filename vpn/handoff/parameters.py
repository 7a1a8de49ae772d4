"""A connection from the peer's point of view: roles swapped, one suite recommended."""

from __future__ import annotations

import hashlib
import re
from dataclasses import astuple, dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import product
from uuid import UUID

from policies.domain.algorithms import swan_group, swan_keyword, title_of
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal
from vpn.domain.suites import effective_mtu

_TCP_HEAD = 40


class Timeout(StrEnum):
    """How a device handles the timeout of dead peer detection."""

    # In seconds, with IKEv1 only; IKEv2 has retransmissions instead (RFC 7296 section 2.4).
    SECONDS = "seconds"
    # The same, as a whole number of intervals.
    INTERVALS = "intervals"
    # As a number of unanswered probes, with either version.
    PROBES = "probes"
    # Cannot be set.
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class End:
    """One side: its public address or DNS name, its IKE identity in strongSwan's notation, and the
    networks behind it."""

    address: str
    identity: str
    cidrs: tuple[str, ...]

    @property
    def fixed_address(self) -> str:
        """Empty for a side that is known by its name: its address may change."""
        try:
            return str(IPv4Address(self.address))
        except AddressValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Suite:
    """One algorithm of each kind, by its API name; `group` is 0 for ESP without PFS, `digest` is empty if
    the cipher is an AEAD cipher."""

    cipher: str
    digest: str
    group: int = 0

    @property
    def words(self) -> tuple[str | int, ...]:
        """The algorithms that a device must support; the group by its number."""
        return tuple(word for word in (self.cipher, self.digest, self.group) if word)

    @property
    def keywords(self) -> str:
        """As strongSwan keywords: aes256-sha256-modp2048."""
        parts = [swan_keyword(word) for word in (self.cipher, self.digest) if word]
        return "-".join(parts + ([swan_group(self.group)] if self.group else []))


class Pair(tuple[IPv4Network, IPv4Network]):
    """Two networks that reach each other: `yours` behind the peer, `ours` behind the gateway."""

    __slots__ = ()

    @property
    def yours(self) -> IPv4Network:
        return self[0]

    @property
    def ours(self) -> IPv4Network:
        return self[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Everything but the key. `yours` is the device that this is for, `ours` the gateway.

    DPD times in seconds, for the device; each end has its own dead peer detection.
    """

    connection_id: UUID
    name: str
    gateway: str
    yours: End
    ours: End
    ike: IkeOffer
    esp: EspOffer
    dpd_interval: int = 30
    dpd_timeout: int = 120
    gateway_initiates: bool = True

    @property
    def version(self) -> int:
        """The IKE version to configure; auto-negotiation accepts both and prefers 2."""
        return 1 if self.ike.version is IkeVersion.V1 else 2

    @property
    def ike_suite(self) -> Suite:
        return suites(self.ike.proposal)[0]

    @property
    def esp_suite(self) -> Suite:
        return suites(self.esp.proposal)[0]

    @property
    def pairs(self) -> list[Pair]:
        """One tunnel for each pair: every device supports that, and IKEv1 supports nothing else."""
        sides = ([IPv4Network(cidr) for cidr in end.cidrs] for end in (self.yours, self.ours))
        return [Pair(pair) for pair in product(*sides)]

    @property
    def tag(self) -> str:
        """The name of every object on the device: 13 characters, because some devices allow only 15."""
        return f"isth-{self.connection_id.hex[:8]}"

    @property
    def fingerprint(self) -> str:
        """Changes with every parameter: shows whether an older file is still current."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:12]

    @property
    def largest_packets(self) -> tuple[int, int]:
        """The largest inner packets of the suite in 1500 bytes: without and with NAT between the ends."""
        return _largest(self.esp_suite, udp=False), _largest(self.esp_suite, udp=True)


def suites(proposal: Proposal) -> list[Suite]:
    """Every single suite, the strongest first."""
    return [
        Suite(one.encryption[0], (one.integrity or ("",))[0], (one.groups or (0,))[0])
        for one in proposal.expand()
    ]


def shown(word: str | int) -> str:
    """The display name of an algorithm; a group by its number."""
    return f"DH group {word}" if isinstance(word, int) else title_of(word)


def safe_name(name: str, length: int = 63) -> str:
    """Letters, digits, hyphens and underscores of a name: harmless in every comment and file name."""
    return re.sub(r"[^-A-Za-z0-9_]+", "-", name)[:length].strip("-") or "connection"


def mss(mtu: int) -> int:
    """The TCP payload of a packet of `mtu` bytes."""
    return mtu - _TCP_HEAD


def _largest(suite: Suite, *, udp: bool) -> int:
    found = effective_mtu(suite.keywords, udp=udp)
    return found.mtu if found else 0
