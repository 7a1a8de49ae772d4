"""What is: one member as it stands, for a few milliseconds and without starting a process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vpn.domain.liveness import silences_of
from vpn.domain.spec import MemberRole, MemberSpec
from vpn.domain.state import MemberState, SaState, Silence
from vpn.drivers.strongswan import esp, netns, routing
from vpn.drivers.strongswan.files import take
from vpn.drivers.strongswan.inventory import listed_by_charon, loaded_peers
from vpn.drivers.strongswan.member import MemberNetwork, served
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, MemberFiles
from vpn.drivers.strongswan.notes import (
    AttemptNote,
    Notes,
    SilenceNote,
    new_notes,
    read_failures,
    read_notes,
    write_notes,
)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Observer:
    directory: Path
    network: MemberNetwork

    def observe(self, member: MemberSpec) -> MemberState:
        files, namespace = MemberFiles.of(self.directory, member), self.network.namespace(member)
        stands = netns.exists(namespace)
        if not stands:
            return MemberState(member.id, exists=files.directory.is_dir())
        notes = read_notes(files) or new_notes(member)
        role, local_cidrs, peer_cidrs = self._configured(member, notes)
        # A charon of another kind serves other routes and another device: it is none of ours.
        is_ours = notes.esp in {"", esp.kind(kernel=self.network.kernel_esp)}
        listed = listed_by_charon(files, namespace) if is_ours else None
        process, sas = (listed.process, listed.sas) if listed else (None, ())
        known = process is not None and process.boot_id == notes.boot_id
        up = _up(notes, sas) if known else set()
        silences = silences_of({n: note.value for n, note in notes.silences.items()}, sas) if known else {}
        attempts = _attempts(notes, up) if known else {}
        if known and (attempts != notes.attempts or not _are_noted(silences, notes)):
            _note(files, notes.boot_id, up, silences)
        return MemberState(
            id=member.id,
            running=process is not None,
            boot_id=process.boot_id if process else "",
            pid=process.pid if process else None,
            role=role,
            local_cidrs=local_cidrs,
            peer_cidrs=peer_cidrs,
            loaded=loaded_peers(notes if known else None, listed.inventory) if listed else {},
            attempts={name: note.value for name, note in attempts.items()},
            failures=_without(read_failures(files), up),
            sas=sas,
            unaware=frozenset(notes.unaware) - up,
            exists=True,
            silences=silences,
            drift=self.network.drift(member),
            held=listed.held if listed else frozenset(),
        )

    def _configured(
        self, member: MemberSpec, notes: Notes
    ) -> tuple[MemberRole | None, frozenset[str], frozenset[str]]:
        """What the notes say, as far as it really stands."""
        seen, router = self.network.see(member)
        public = member.public_address in seen.addresses.get(PUBLIC_LINK, frozenset())
        if not notes.network_configured or not seen.has_only(SUBNET_LINK, member.private_address):
            return (MemberRole.ACTIVE if public else None), frozenset(), frozenset()
        role = MemberRole.ACTIVE if public else MemberRole.STANDBY
        local = served(member, seen, notes.local_cidrs)
        peer = frozenset(notes.peer_cidrs)
        if self.network.kernel_esp:
            peer &= seen.networks(routing.TUNNELS)
        if role is MemberRole.ACTIVE:
            peer &= router.via(member.private_address, routing.DEFAULT)
        return role, local, peer


def _up(notes: Notes, sas: tuple[SaState, ...]) -> set[str]:
    """Peers with every child installed: with a part of them the others' back-off must go on."""
    installed: dict[str, set[str]] = {}
    for sa in sas:
        if sa.established:
            installed.setdefault(sa.peer, set()).update(c.name for c in sa.children if c.installed)
    return {
        name
        for name, peer in notes.peers.items()
        if peer.children and peer.children.keys() <= installed.get(name, set())
    }


def _attempts(notes: Notes, up: set[str]) -> dict[str, AttemptNote]:
    """After this observation."""
    now = time.monotonic()
    found = {name: note.observed(is_up=name in up, now=now) for name, note in notes.attempts.items()}
    return {name: note for name, note in found.items() if note}


def _are_noted(silences: Mapping[str, Silence], notes: Notes) -> bool:
    before = {name: (note.packets_in, note.probes) for name, note in notes.silences.items()}
    return before == {name: (one.packets_in, one.probes) for name, one in silences.items()}


def _note(files: MemberFiles, boot_id: str, up: set[str], silences: Mapping[str, Silence]) -> None:
    """Tries and silences are brought up to date. Unless somebody works on the member
    just now, or the disk is full: then at the next observation."""
    try:
        lock = take(files.lock)
    except OSError:
        return
    if lock is None:
        return
    try:
        notes = read_notes(files)
        if notes and notes.boot_id == boot_id:
            notes.attempts = _attempts(notes, up)
            # Who was asked meanwhile stays noted as that.
            notes.silences = {
                name: known
                if (known := notes.silences.get(name)) and known.probes > one.probes
                else SilenceNote.of(one)
                for name, one in silences.items()
            }
            with suppress(OSError):
                write_notes(files, notes)
    finally:
        os.close(lock)


def _without(mapping: Mapping[str, V], names: set[str]) -> dict[str, V]:
    return {name: value for name, value in mapping.items() if name not in names}
