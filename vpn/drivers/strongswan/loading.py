"""Peers into charon and out of it, with what is noted of them. The caller holds the member's lock.

charon never gives an IKE SA that is up another configuration: with one changed in anything but its
children, a new child of it would get an IKE SA of its own, which replaces the first one. So the
messages with which the present IKE SA began are kept while it lives, and are loaded for the moment
in which a child is initiated under it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from policies.domain.proposals import IkeVersion
from vpn.domain.actions import Initiate, Terminate
from vpn.domain.liveness import after_probe
from vpn.domain.peers import PeerSpec
from vpn.drivers.strongswan import esp, translate, vici
from vpn.drivers.strongswan.features import features_of
from vpn.drivers.strongswan.files import read_whole, remove, write_whole
from vpn.drivers.strongswan.inventory import listing
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.notes import (
    ChildNote,
    Notes,
    PeerNote,
    SilenceNote,
    forget_failures,
    write_notes,
)

Messages = dict[str, translate.Message]


def load(control: vici.Charon, files: MemberFiles, notes: Notes, peer: PeerSpec, local_address: str) -> None:
    traps = features_of(control.version().get("version", "")).traps
    wanted = translate.connections(peer, local_address, if_id=esp.if_id(notes.esp), traps=traps)
    standing = notes.peers.get(peer.name)
    older = _keep_begun(control, files, standing, peer.name, wanted)
    # Known before it is loaded, as something that differs: a kill in between leaves no orphan.
    notes.peers[peer.name] = PeerNote(
        peer.peer_address,
        sorted(wanted),
        children=_under_way(standing, peer),
        dpd=standing.dpd if standing else None,
        older=older,
    )
    write_notes(files, notes)
    control.load_secret(peer.name, peer.psk.value, [peer.local_id, peer.remote_id])
    for name, message in wanted.items():
        control.load({name: message})
    for name in standing.names if standing else ():
        if name not in wanted:
            control.unload(name)
    _renew_traps(control, peer.name, wanted)
    _write_messages(files, peer.name, "loaded", wanted)
    form = peer.as_loaded()
    notes.peers[peer.name] = PeerNote(
        peer.peer_address,
        sorted(wanted),
        form.form,
        {name: _note(child.form, child.groups, child.restart) for name, child in form.children.items()},
        [peer.dpd_interval, peer.dpd_timeout],
        listing(control.listed(wanted), sorted(wanted)),
        older,
    )
    write_notes(files, notes)


def _note(form: str, groups: tuple[int, ...] | None, restart: str | None) -> ChildNote:
    return ChildNote(form, None if groups is None else list(groups), restart)


def _under_way(standing: PeerNote | None, peer: PeerSpec) -> dict[str, ChildNote]:
    """What is noted of the children while they are loaded: never one that is unloaded thereby."""
    known = standing.children if standing else {child.name: ChildNote() for child in peer.children}
    return {child.name: known[child.name] for child in peer.children if child.name in known}


def drop(control: vici.Charon, files: MemberFiles, notes: Notes, name: str) -> None:
    for connection in (name, name + translate.SECOND_TRY):
        control.unload(connection)
    control.unload_secret(name)
    terminate(control, Terminate(name))
    _renew_traps(control, name, {})
    notes.peers.pop(name, None)
    notes.attempts.pop(name, None)
    notes.is_told(name)
    write_notes(files, notes)
    forget_failures(files, name)
    for kind in ("loaded", "begun"):
        remove(files.messages(name, kind))


def _renew_traps(control: vici.Charon, peer: str, wanted: Messages) -> None:
    """A trap keeps the connection that charon installed it for, whatever is loaded or unloaded since."""
    for connection, child in control.traps():
        if translate.peer_of(connection) != peer:
            continue
        if wanted.get(connection, {"children": {}})["children"].get(child, {}).get("dpd_action") == "trap":
            control.install_trap(connection, child)
        else:
            control.remove_trap(connection, child)


def release(control: vici.Charon, peer: str, child: str) -> None:
    for connection in (peer, peer + translate.SECOND_TRY):
        control.remove_trap(connection, child)


def terminate(control: vici.Charon, what: Terminate) -> None:
    """The narrowest that is named."""
    for key, value in (("child-id", what.child_sa), ("ike-id", what.sa), ("child", what.child)):
        if value:
            control.terminate({key: value})
            return
    for connection in (what.peer, what.peer + translate.SECOND_TRY):
        control.terminate({"ike": connection})


def initiate(control: vici.Charon, files: MemberFiles, notes: Notes, action: Initiate) -> None:
    """Only begun. The attempt is counted already."""
    known = notes.peers.get(action.peer)
    second = action.peer + translate.SECOND_TRY
    has_second = known is not None and second in known.names
    connection = second if action.ike_version == IkeVersion.V1 and has_second else action.peer
    if known is None or not known.older:
        control.initiate(connection, action.child)
        return
    with _as_begun(control, files, action.peer, connection):
        control.initiate(connection, action.child)


@contextmanager
def _as_begun(control: vici.Charon, files: MemberFiles, peer: str, connection: str) -> Iterator[None]:
    """The connection as its present IKE SA began, with today's children; for a moment. A kill in
    between is found by the next observation: charon lists another form."""
    loaded, begun = (_read_messages(files, peer, kind).get(connection) for kind in ("loaded", "begun"))
    if not loaded or not begun or not control.sas(connection):
        yield
        return
    control.load({connection: {**begun, "children": loaded["children"]}})
    try:
        yield
    finally:
        control.load({connection: loaded})


def _keep_begun(
    control: vici.Charon, files: MemberFiles, standing: PeerNote | None, peer: str, wanted: Messages
) -> bool:
    """Whether IKE SAs are up that began in another form than is wanted now; that one is then kept."""
    if standing is None:
        return False
    up = [name for name in standing.names if control.sas(name)]
    if not up:
        return False
    loaded = _read_messages(files, peer, "loaded")
    begun = _read_messages(files, peer, "begun") if standing.older else loaded
    # Not known (another version of the product loaded it) is another form, too.
    differs = any(_without_children(begun.get(name)) != _without_children(wanted.get(name)) for name in up)
    if differs and not standing.older:
        _write_messages(files, peer, "begun", begun)
    return differs


def _without_children(message: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (message or {}).items() if key != "children"}


def _read_messages(files: MemberFiles, peer: str, kind: str) -> Messages:
    with suppress(OSError, ValueError):
        messages: Messages = json.loads(read_whole(files.messages(peer, kind)))
        return messages
    return {}


def _write_messages(files: MemberFiles, peer: str, kind: str, messages: Messages) -> None:
    path = files.messages(peer, kind)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, json.dumps(messages))


def probe_peer(control: vici.Charon, files: MemberFiles, notes: Notes, peer: str) -> None:
    """By a rekeying: of the IKE SA in IKEv2, which leaves the children as they are, and of a child in
    IKEv1, where a new IKE SA would be a new acquaintance even for a peer that knows nothing any more.

    Counted before it is done: a kill in between makes it seldomer, not more often.
    """
    before = notes.silences.get(peer)
    notes.silences[peer] = SilenceNote.of(after_probe(before.value if before else None, datetime.now(UTC)))
    write_notes(files, notes)
    for sa in translate.sa_states(control.sas()):
        if sa.peer != peer or not sa.established:
            continue
        if sa.version != IkeVersion.V1:
            control.rekey({"ike-id": sa.unique_id})
            continue
        newest = min((c for c in sa.children if c.installed), key=lambda c: c.installed_for, default=None)
        if newest:
            control.rekey({"child-id": newest.unique_id})
