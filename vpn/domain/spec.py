"""The desired state: plain values built from rows, for plan, status and drivers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from policies.domain.proposals import EspOffer, IkeOffer


class MemberRole(StrEnum):
    ACTIVE = "active"
    STANDBY = "standby"


class DpdAction(StrEnum):
    NONE = "none"
    CLEAR = "clear"
    HOLD = "hold"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Secret:
    """A pre-shared key. `id` identifies the version of the key; the value never appears in repr."""

    id: str
    value: str = field(repr=False)

    def open(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A pre-shared key that is decrypted by `open`, which only the loading of a peer does. Two are equal if
    they are the same version of a key."""

    id: str
    open: Callable[[], str] = field(repr=False, compare=False)


class Selector(NamedTuple):
    """One pair of CIDRs, both in canonical text."""

    local: str
    remote: str


@dataclass(frozen=True, slots=True)
class DeadPeerDetection:
    """`interval` and `timeout` in seconds."""

    action: DpdAction
    interval: int
    timeout: int


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """One connection of the API. `initiate` is False if only the peer may initiate; tunnels that are older
    than `restart_at` are negotiated again. A peer known by `peer_name` has no address while the name does
    not resolve, or resolves only to addresses that no peer can have: then `name_fault` is the end of a
    sentence about that."""

    id: UUID
    name: str
    enabled: bool
    peer_address: str
    local_id: str
    remote_id: str
    ike: IkeOffer
    esp: EspOffer
    selectors: tuple[Selector, ...]
    dpd: DeadPeerDetection
    psk: Secret | SealedSecret
    initiate: bool = True
    restart_at: datetime | None = None
    peer_name: str = ""
    name_fault: str = ""


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One of the two charons of a gateway, and its place in the network.

    Addresses are dotted quads; `subnet_cidr` is the subnet of `private_address`, `router_address` its
    first host address (the VPC router). `public_address` is the same for both members; the active one
    carries it.
    """

    id: UUID
    gateway_id: UUID
    index: int
    vpc_id: UUID
    subnet_id: UUID
    subnet_cidr: str
    router_address: str
    private_address: str
    public_address: str


@dataclass(frozen=True, slots=True)
class GatewaySpec:
    id: UUID
    name: str
    generation: int
    members: tuple[MemberSpec, ...]
    connections: tuple[ConnectionSpec, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SubnetSpec:
    """`router_address` is the first host address: the VPC router's bridge."""

    id: UUID
    cidr: str
    router_address: str


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    id: UUID
    name: str
    subnet_id: UUID
    address: str


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A whole VPC: everything else that exists of it is removed."""

    vpc_id: UUID
    subnets: tuple[SubnetSpec, ...] = ()
    instances: tuple[InstanceSpec, ...] = ()


def digest(*parts: object) -> str:
    """A short, stable fingerprint of plain values."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:16]
