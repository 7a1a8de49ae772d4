"""The interface to the data plane: one protocol, two drivers; no rows and no settings."""

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
    """A driver could not do what was requested; the next run tries again.

    `what` describes what was being done; the message never contains a secret.
    """

    def __init__(self, what: str, cause: str = "") -> None:
        self.what = what
        super().__init__(f"{what}: {cause}" if cause else what)


class StaleGeneration(DriverError):
    """A newer generation was already applied to the member; the caller has an old spec."""


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
    """For `manage.py dataplane`: one member as it exists on the host, whatever the database says."""

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
        """The state of each member, including absent ones (`exists` False)."""

    def together(self) -> AbstractContextManager[None]:
        """For the actions of one run: work that they share is done once. Guarantees nothing else: each
        action is applied, or may be lost, as it would be without this context."""

    def apply(self, member: MemberSpec, action: Action, *, generation: int) -> None:
        """Apply one action. Raises StaleGeneration or DriverError."""

    def watch(self, members: Callable[[], Sequence[MemberSpec]], stop: Event) -> Iterator[TunnelEvent]:
        """Events of all members as they happen, until `stop` is set. `members` is called again every
        second, so that new members are watched as well."""

    def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
        """The last log lines of the member's charon about one peer, given its name and address; empty if
        there are none. Without keys; the caller redacts them nevertheless."""

    def apply_network(self, network: NetworkSpec) -> None:
        """Bring one VPC to this state: subnets and instances; everything else in it is removed."""

    def remove_network(self, vpc_id: UUID) -> None:
        """Remove everything of the VPC."""

    def networks(self) -> set[UUID]:
        """The VPCs of which anything exists on this host."""

    def gateways(self) -> set[UUID]:
        """The gateways of which anything exists on this host."""

    def remove_gateway(self, gateway_id: UUID) -> None:
        """Remove everything of a gateway, given only its id: for a gateway whose row is gone."""

    def inventory(self) -> Inventory:
        """Everything of this installation that exists on this host now."""

    def check_host(self) -> list[HostCheck]:
        """What this driver needs of this host, and whether it is there."""

    def remove_all(self) -> None:
        """Remove everything of this installation from this host: processes, namespaces, links."""
