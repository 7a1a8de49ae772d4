"""The border to the data plane: one protocol, two drivers, no rows and no settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Literal, Protocol
from uuid import UUID

from vpn.domain.actions import Action
from vpn.domain.log import LogLine
from vpn.domain.spec import MemberSpec, NetworkSpec
from vpn.domain.state import MemberState, TunnelEvent

Esp = Literal["auto", "kernel", "userspace"]

CHARON = Path("/usr/sbin/charon-systemd")


class DriverError(Exception):
    """A driver could not do what it was asked; the next pass tries again.

    `what` says in words what was being done; the message never holds a secret.
    """

    def __init__(self, what: str, cause: str = "") -> None:
        self.what = what
        super().__init__(f"{what}: {cause}" if cause else what)


class StaleGeneration(DriverError):
    """A newer generation was already applied to the member; the caller holds an old spec."""


@dataclass(frozen=True, slots=True)
class DriverConfig:
    """`directory` holds everything the driver keeps on disk (0700). `installation` is a short
    word [a-z0-9]{1,8} that keeps two installations on one host apart. `provider_cidr` is the
    network of the public addresses; its first host address is the provider's router.
    `holder_pid` is the process that holds the user namespace of a rootless installation.
    `charon_uid` is the first user id of the block for charons; 0: one is chosen. `charon` is the
    program charon-systemd."""

    directory: Path
    installation: str
    provider_cidr: str
    esp: Esp = "auto"
    holder_pid: int | None = None
    charon_uid: int = 0
    charon: Path = CHARON


@dataclass(frozen=True, slots=True)
class InventoryMember:
    """For `manage.py dataplane`: what stands now, found on the host, not in the database."""

    gateway_id: UUID
    member_id: UUID
    role: str
    namespace: str
    pid: int | None
    vici_socket: str
    public_address: str
    private_address: str
    tunnels_up: int


@dataclass(frozen=True, slots=True)
class InventoryInstance:
    id: UUID
    name: str
    namespace: str
    address: str
    subnet_id: UUID


@dataclass(frozen=True, slots=True)
class Inventory:
    driver: str
    esp: str
    provider: dict[str, str] = field(default_factory=dict)
    members: tuple[InventoryMember, ...] = ()
    instances: tuple[InventoryInstance, ...] = ()


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One line of `manage.py doctor`: `fix` is a command or a sentence, empty when ok."""

    name: str
    ok: bool
    message: str
    fix: str = ""


class Driver(Protocol):
    """All calls block shortly and bounded, may be repeated, and may be killed anywhere."""

    name: str

    def observe(self, members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
        """The state of each member, absent ones included (`exists` False)."""

    def together(self) -> AbstractContextManager[None]:
        """Around the actions of one pass: what can be shared between them is made once. Nothing
        more is promised: each action is done, or may be lost, as if it stood alone."""

    def apply(self, member: MemberSpec, action: Action, *, generation: int) -> None:
        """Do one action. Raises StaleGeneration or DriverError."""

    def watch(self, members: Callable[[], Sequence[MemberSpec]], stop: Event) -> Iterator[TunnelEvent]:
        """Events of all members as they happen until `stop` is set; `members` is asked again
        every second, so that new ones are heard."""

    def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
        """The last lines that the member's charon wrote about one peer, by its name and address;
        empty where there is none. Never keys; the caller still redacts."""

    def apply_network(self, network: NetworkSpec) -> None:
        """Make one VPC so: subnets and instances; what is not named is removed."""

    def remove_network(self, vpc_id: UUID) -> None:
        """Nothing of the VPC remains."""

    def networks(self) -> set[UUID]:
        """The VPCs of which anything stands on this host."""

    def gateways(self) -> set[UUID]:
        """Those of which anything exists on this host."""

    def remove_gateway(self, gateway_id: UUID) -> None:
        """All that exists of it, known by its id alone: for a gateway whose row is gone."""

    def inventory(self) -> Inventory:
        """Everything of this installation that stands on this host now."""

    def check_host(self) -> list[HostCheck]:
        """What this host has and lacks for this driver."""

    def remove_all(self) -> None:
        """Nothing of this installation remains on this host: processes, namespaces, links."""
