"""Observes the state of one member, in a few milliseconds and without starting a process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from vpn.domain.liveness import silences_of
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import MemberState, SaState, Silence
from vpn.drivers.strongswan import esp, netns, routing
from vpn.drivers.strongswan.fabric import inspect_namespace
from vpn.drivers.strongswan.files import take
from vpn.drivers.strongswan.loaded import Listed, listed_by_charon, loaded_peers
from vpn.drivers.strongswan.member import MemberNetwork, ObservedNetwork, served
from vpn.drivers.strongswan.member_record import (
    AttemptRecord,
    MemberRecord,
    SilenceRecord,
    new_record,
    read_failures,
    read_record,
    write_record,
)
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, MemberFiles
from vpn.drivers.strongswan.tunnel_routes import lost_routes

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Observer:
    directory: Path
    network: MemberNetwork

    def observe(self, member: MemberSpec) -> MemberState:
        files, namespace = MemberFiles.of(self.directory, member), self.network.namespace(member)
        if not netns.exists(namespace):
            return MemberState(member.id, exists=files.directory.is_dir())
        record = read_record(files) or new_record(member)
        network = self.network.observe(member)
        role, local_cidrs, peer_cidrs = self._configured(member, record, network)
        # A charon with the other kind of ESP uses other routes and another device, and one that has lost its
        # device carries no packet any more: it does not count.
        is_ours = record.esp in {"", esp.kind(kernel=self.network.kernel_esp)}
        works = is_ours and not self.network.lacks_tunnel_device(network.member)
        listed = listed_by_charon(files, namespace) if works else None
        process, sas = (listed.process, listed.sas) if listed else (None, ())
        known = process is not None and process.boot_id == record.boot_id
        up = _up(record, sas) if known else set()
        silent = {name: entry.value for name, entry in record.silences.items()}
        silences = silences_of(silent, sas, datetime.now(UTC)) if known else {}
        attempts = _attempts(record, up) if known else {}
        if known and (attempts != record.attempts or not _are_recorded(silences, record)):
            _update_record(files, record.boot_id, up, silences)
        return MemberState(
            id=member.id,
            running=process is not None,
            boot_id=process.boot_id if process else "",
            pid=process.pid if process else None,
            role=role,
            local_cidrs=local_cidrs,
            peer_cidrs=peer_cidrs,
            loaded=loaded_peers(record if known else None, listed.items) if listed else {},
            attempts={name: entry.value for name, entry in attempts.items()},
            failures=_without(read_failures(files), up),
            sas=sas,
            unaware=frozenset(record.unaware) - up,
            exists=True,
            silences=silences,
            drift=network.drift or self._lost_routes(member, files, listed, network),
            held=listed.held if listed else frozenset(),
        )

    def _configured(
        self, member: MemberSpec, record: MemberRecord, network: ObservedNetwork
    ) -> tuple[MemberRole | None, frozenset[str], frozenset[str]]:
        """The recorded network configuration, as far as it really exists."""
        seen = network.member
        public = member.public_address in seen.addresses.get(PUBLIC_LINK, frozenset())
        if not record.network_configured or not seen.has_only(SUBNET_LINK, member.private_address):
            return (MemberRole.ACTIVE if public else None), frozenset(), frozenset()
        role = MemberRole.ACTIVE if public else MemberRole.STANDBY
        local = served(member, seen, record.local_cidrs)
        peer = frozenset(record.peer_cidrs)
        if self.network.kernel_esp:
            peer &= seen.networks(routing.TUNNELS)
        if role is MemberRole.ACTIVE:
            peer &= network.router.via(member.private_address, routing.DEFAULT)
        return role, local, peer

    def _lost_routes(
        self, member: MemberSpec, files: MemberFiles, listed: Listed | None, network: ObservedNetwork
    ) -> str:
        """As `ObservedNetwork.drift`, for the routes of user-space ESP."""
        if self.network.kernel_esp or not listed or not lost_routes(listed.sas, network.member):
            return ""
        # They may have been read before a child began, or the children before one ended.
        namespace = self.network.namespace(member)
        listed = listed_by_charon(files, namespace)
        return "routing" if listed and lost_routes(listed.sas, inspect_namespace(namespace)) else ""


def _up(record: MemberRecord, sas: tuple[SaState, ...]) -> set[str]:
    """Peers with every child installed: if only some are, the back-off of the others must continue."""
    installed: dict[str, set[str]] = {}
    for sa in sas:
        if sa.established:
            installed.setdefault(sa.peer, set()).update(c.name for c in sa.children if c.installed)
    return {
        name
        for name, peer in record.peers.items()
        if peer.children and peer.children.keys() <= installed.get(name, set())
    }


def _attempts(record: MemberRecord, up: set[str]) -> dict[str, AttemptRecord]:
    """The attempts after this observation."""
    now = time.monotonic()
    found = {name: entry.observed(is_up=name in up, now=now) for name, entry in record.attempts.items()}
    return {name: entry for name, entry in found.items() if entry}


def _are_recorded(silences: Mapping[str, Silence], record: MemberRecord) -> bool:
    before = {name: (entry.packets_in, entry.probes) for name, entry in record.silences.items()}
    return before == {name: (one.packets_in, one.probes) for name, one in silences.items()}


def _update_record(files: MemberFiles, boot_id: str, up: set[str], silences: Mapping[str, Silence]) -> None:
    """Update attempts and silences in the record. If the member is locked or the disk is full, the next
    observation does it."""
    try:
        lock = take(files.lock)
    except OSError:
        return
    if lock is None:
        return
    try:
        record = read_record(files)
        if record and record.boot_id == boot_id:
            record.attempts = _attempts(record, up)
            # Keep the record of peers that were probed meanwhile.
            record.silences = {
                name: known
                if (known := record.silences.get(name)) and known.probes > one.probes
                else SilenceRecord.of(one)
                for name, one in silences.items()
            }
            with suppress(OSError):
                write_record(files, record)
    finally:
        os.close(lock)


def _without(mapping: Mapping[str, V], names: set[str]) -> dict[str, V]:
    return {name: value for name, value in mapping.items() if name not in names}
