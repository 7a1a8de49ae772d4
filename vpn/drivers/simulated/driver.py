"""A data plane without packets: members, network configuration and negotiation as documents on disk.

Several processes share it through the files of one directory. Both ends of a tunnel must be
members of the same installation; any other peer address does not answer.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import Final
from uuid import UUID

from policies.domain.proposals import Proposal
from vpn.domain.actions import (
    Action,
    ConfigureNetwork,
    DropPeer,
    Initiate,
    LoadPeer,
    ProbePeer,
    StartMember,
    StopMember,
    Terminate,
)
from vpn.domain.log import LogLine
from vpn.domain.peers import PeerSpec
from vpn.domain.spec import MemberRole, MemberSpec, NetworkSpec
from vpn.domain.state import (
    MemberState,
    TunnelEvent,
)
from vpn.drivers.base import (
    DriverConfig,
    DriverError,
    HostCheck,
    Inventory,
    InventoryInstance,
    StaleGeneration,
)
from vpn.drivers.simulated.documents import BY_V1, ChildConf, Columns, Document, IkeSa, PeerConf, new_document
from vpn.drivers.simulated.ike import close, initiate, probe_peer, vanish
from vpn.drivers.simulated.log import peer_log
from vpn.drivers.simulated.observation import inventory_member, member_state
from vpn.drivers.simulated.store import Store
from vpn.drivers.simulated.watch import Watcher

# Seconds: between two polls of a watcher, and between two updates of the members to watch.
POLL_INTERVAL = 0.02
MEMBERS_INTERVAL = 1.0


class SimulatedDriver:
    """See `vpn.drivers.base.Driver`."""

    name: Final = "simulated"

    def __init__(self, config: DriverConfig) -> None:
        self._store = Store(config.directory)

    def observe(self, members: Sequence[MemberSpec]) -> dict[UUID, MemberState]:
        now = time.time()
        found = {member.id: self._store.read(member.id) for member in members}
        return {
            ident: member_state(ident, document, now) if document else MemberState(ident)
            for ident, document in found.items()
        }

    def together(self) -> AbstractContextManager[None]:
        """Read and write each document once for all actions within."""
        return self._store.locked()

    def apply(self, member: MemberSpec, action: Action, *, generation: int) -> None:
        with self._store.locked():
            document = self._store.read(member.id)
            if document is not None:
                _refuse(document, generation)
            if isinstance(action, StopMember):
                self._stop(document)
                return
            if document is None and not isinstance(action, StartMember):
                raise DriverError(
                    f"{type(action).__name__} on member {member.id}", "the member does not exist"
                )
            document = document or new_document(member)
            document["generation"] = generation
            self._do(document, action)
            self._store.write(document)

    def watch(self, members: Callable[[], Sequence[MemberSpec]], stop: Event) -> Iterator[TunnelEvent]:
        watcher = Watcher(self._store)
        asked = 0.0
        while not stop.is_set():
            if time.monotonic() - asked >= MEMBERS_INTERVAL:
                watcher.members = {member.id: member.gateway_id for member in members()}
                asked = time.monotonic()
            yield from watcher.events()
            stop.wait(POLL_INTERVAL)

    def log(self, member: MemberSpec, peer: str, address: str, limit: int) -> tuple[LogLine, ...]:
        document = self._store.read(member.id)
        return peer_log(document, peer, limit) if document else ()

    def apply_network(self, network: NetworkSpec) -> None:
        with self._store.locked():
            self._store.write_network(network)

    def remove_network(self, vpc_id: UUID) -> None:
        with self._store.locked():
            self._store.delete_network(vpc_id)

    def networks(self) -> set[UUID]:
        return self._store.network_ids()

    def gateways(self) -> set[UUID]:
        return {UUID(document["gateway_id"]) for document in self._store.documents()}

    def remove_gateway(self, gateway_id: UUID) -> None:
        with self._store.locked():
            for document in self._store.documents():
                if document["gateway_id"] == str(gateway_id):
                    self._stop(document)

    def inventory(self) -> Inventory:
        return Inventory(
            driver=self.name,
            esp="simulated",
            members=tuple(inventory_member(document) for document in self._store.documents()),
            instances=tuple(
                InventoryInstance(UUID(ident), name, "", address, UUID(subnet))
                for network in self._store.networks()
                for ident, name, subnet, address in network["instances"]
            ),
        )

    def check_host(self) -> list[HostCheck]:
        directory = self._store.directory
        above = next(path for path in (directory, *directory.parents) if path.exists())
        writable = os.access(above, os.W_OK)
        return [
            HostCheck("simulated driver", True, "Tunnels are simulated; no packet flows."),
            HostCheck(
                "driver directory",
                writable,
                f"{directory} is {'writable' if writable else 'not writable'}.",
                "" if writable else f"Make {above} writable for this user.",
            ),
        ]

    def remove_all(self) -> None:
        with self._store.locked():
            self._store.clear()

    def kill(self, member_id: UUID) -> None:
        """The member's charon dies without notifying its peers; for tests. KeyError if the member does not
        exist."""
        with self._store.locked():
            document = self._existing(member_id)
            vanish(self._store, document)
            document["running"] = False
            self._store.write(document)

    def fault(self, member_id: UUID, message: str) -> None:
        """Every action on the member is refused with `message` until it is empty; for tests.

        KeyError if the member does not exist.
        """
        with self._store.locked():
            document = self._existing(member_id)
            document["fault"] = message
            self._store.write(document)

    def _existing(self, member_id: UUID) -> Document:
        document = self._store.read(member_id)
        if document is None:
            raise KeyError(member_id)
        return document

    def _stop(self, document: Document | None) -> None:
        if document is None:
            return
        _close_all(self._store, document)
        self._store.release(document["public_address"], document["id"])
        self._store.delete(document["id"])

    def _do(self, document: Document, action: Action) -> None:
        if isinstance(action, StartMember):
            _start(document)
        elif isinstance(action, ConfigureNetwork):
            self._configure_network(document, action)
        elif not document["running"]:
            raise DriverError(f"{type(action).__name__} on member {document['id']}", "charon is not running")
        elif isinstance(action, LoadPeer):
            document["loaded"][action.peer.name] = self._conf(action.peer)
        elif isinstance(action, DropPeer):
            for part in (document["loaded"], document["attempts"], document["failures"]):
                part.pop(action.name, None)
            document["failures"].pop(action.name + BY_V1, None)
            close(self._store, document, action.name)
        elif isinstance(action, Terminate):
            sa = document["sas"].get(action.peer)
            if sa and _is_meant(sa, action):
                close(self._store, document, action.peer, action.child)
        elif isinstance(action, Initiate):
            self._initiate(document, action)
        elif isinstance(action, ProbePeer):
            probe_peer(self._store, document, action.peer)

    def _configure_network(self, document: Document, action: ConfigureNetwork) -> None:
        address, ident = document["public_address"], document["id"]
        if action.role is MemberRole.ACTIVE:
            holder = self._store.holder(address)
            other = self._store.read(holder) if holder and holder != ident else None
            if other is not None:
                _close_all(self._store, other)
                other["role"] = MemberRole.STANDBY
                self._store.write(other)
            self._store.hold(address, ident)
            if document["role"] == MemberRole.STANDBY:
                document["unaware"] = sorted(document["loaded"])
        elif document["role"] == MemberRole.ACTIVE:
            _close_all(self._store, document)
            self._store.release(address, ident)
        document["role"] = action.role.value
        document["local_cidrs"] = sorted(action.local_cidrs)
        document["peer_cidrs"] = sorted(action.peer_cidrs)

    def _initiate(self, document: Document, action: Initiate) -> None:
        conf = document["loaded"].get(action.peer)
        if conf is None or action.child not in conf["children"]:
            raise DriverError(f"Initiate {action.child} of {action.peer}", "it is not loaded")
        initiate(self._store, document, action.peer, action.child, action.ike_version)

    def _conf(self, peer: PeerSpec) -> PeerConf:
        return PeerConf(
            form=peer.as_loaded().fingerprint,
            peer_address=peer.peer_address,
            local_id=peer.local_id,
            remote_id=peer.remote_id,
            version=int(peer.ike.version),
            ike=_columns(peer.ike.proposal),
            lifetime=peer.ike.lifetime,
            key=self._store.digest(peer.psk.open()),
            dpd=(peer.dpd_interval, peer.dpd_timeout),
            children={
                child.name: ChildConf(
                    form=child.as_loaded().fingerprint,
                    groups=list(child.esp.proposal.groups),
                    restart=child.restart,
                    local=child.selector.local,
                    remote=child.selector.remote,
                    esp=_columns(child.esp.proposal),
                    lifetime=child.esp.lifetime,
                )
                for child in peer.children
            },
        )


def _refuse(document: Document, generation: int) -> None:
    if generation < document["generation"]:
        what = f"generation {generation} of member {document['id']}"
        raise StaleGeneration(what, f"generation {document['generation']} was applied already")
    if document["fault"]:
        raise DriverError(f"member {document['id']}", document["fault"])


def _is_meant(sa: IkeSa, action: Terminate) -> bool:
    child = sa["children"].get(action.child)
    known = {"", child["spi_in"] if child else ""}
    return action.sa in {"", sa["id"]} and action.child_sa in known


def _start(document: Document) -> None:
    if document["running"]:
        return
    if document["role"] == MemberRole.ACTIVE:
        document["unaware"] = sorted(document["loaded"])
    document["running"] = True
    document["boot"] = secrets.token_hex(8)
    document["loaded"], document["attempts"], document["failures"], document["sas"] = {}, {}, {}, {}


def _close_all(store: Store, document: Document) -> None:
    for peer in list(document["sas"]):
        close(store, document, peer)


def _columns(proposal: Proposal) -> Columns:
    return Columns(
        encryption=list(proposal.encryption),
        integrity=list(proposal.integrity),
        groups=list(proposal.groups),
    )
