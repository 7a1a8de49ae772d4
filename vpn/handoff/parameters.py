"""A connection from the peer's point of view: roles swapped, one suite recommended."""

from __future__ import annotations

import hashlib
import re
from dataclasses import astuple, dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import product
from uuid import UUID

from policies.domain.algorithms import swan_group, swan_keyword
from policies.domain.proposals import EspOffer, IkeOffer, IkeVersion, Proposal

# The MTU of the gateway's tunnels (see the manual), and the MSS that it clamps TCP to.
TUNNEL_MTU, TCP_MSS = 1400, 1360
_OUTER_MTU = 1500
_TCP_HEAD = 40
_WORDS = {
    "triple_des": "3DES",
    "aes128": "AES-128",
    "aes192": "AES-192",
    "aes256": "AES-256",
    "aes128gcm16": "AES-128-GCM",
    "aes192gcm16": "AES-192-GCM",
    "aes256gcm16": "AES-256-GCM",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
}
# Bytes of an IV and of a check value on the wire (RFC 4106, 4303, 4868).
_GCM_IV, _GCM_CHECK, _CHECKS = 8, 16, {"sha256": 16, "sha384": 24, "sha512": 32}


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
        return _inner_mtu(self.esp_suite, 0), _inner_mtu(self.esp_suite, 8)


def suites(proposal: Proposal) -> list[Suite]:
    """Every single suite, the strongest first."""
    return [
        Suite(one.encryption[0], (one.integrity or ("",))[0], (one.groups or (0,))[0])
        for one in proposal.expand()
    ]


def shown(word: str | int) -> str:
    """The display name of an algorithm; a group by its number."""
    return f"DH group {word}" if isinstance(word, int) else _WORDS.get(word, word.upper())


def safe_name(name: str, length: int = 63) -> str:
    """Letters, digits, hyphens and underscores of a name: harmless in every comment and file name."""
    return re.sub(r"[^-A-Za-z0-9_]+", "-", name)[:length].strip("-") or "connection"


def _inner_mtu(suite: Suite, wrapping: int) -> int:
    """ESP in tunnel mode over IPv4: outer header, SPI and sequence number, IV, padding, ICV."""
    block = 8 if suite.cipher == "triple_des" else 16
    vector, check = block, _CHECKS.get(suite.digest, 12)
    if not suite.digest:
        block, vector, check = 4, _GCM_IV, _GCM_CHECK
    inside = _OUTER_MTU - 20 - wrapping - 8 - vector - check
    return inside // block * block - 2


def mss(mtu: int) -> int:
    """The TCP payload of a packet of `mtu` bytes."""
    return mtu - _TCP_HEAD
