"""Loads peers into charon and unloads them, and records what is loaded. The caller holds the member's lock.

charon never changes the configuration of an IKE SA that is up: if anything but the children was changed,
a new child would get a new IKE SA, which replaces the first one. So the messages that the present IKE SA
was negotiated with are kept while it is up, and are loaded while a child is initiated under it.
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
from vpn.drivers.strongswan.loaded import listing
from vpn.drivers.strongswan.member_record import (
    ChildRecord,
    MemberRecord,
    PeerRecord,
    SilenceRecord,
    forget_failures,
    write_record,
)
from vpn.drivers.strongswan.names import MemberFiles

Messages = dict[str, translate.Message]


def load(
    control: vici.Charon, files: MemberFiles, record: MemberRecord, peer: PeerSpec, local_address: str
) -> None:
    psk = peer.psk.open()
    traps = features_of(control.version().get("version", "")).traps
    wanted = translate.connections(peer, local_address, if_id=esp.if_id(record.esp), traps=traps)
    existing = record.peers.get(peer.name)
    older = _keep_negotiated(control, files, existing, peer.name, wanted)
    # Recorded before it is loaded, as different: a kill in between leaves nothing unrecorded.
    record.peers[peer.name] = PeerRecord(
        peer.peer_address,
        sorted(wanted),
        children=_children_during_load(existing, peer),
        dpd=existing.dpd if existing else None,
        older=older,
    )
    write_record(files, record)
    control.load_secret(peer.name, psk, [peer.local_id, peer.remote_id])
    for name, message in wanted.items():
        control.load({name: message})
    for name in existing.names if existing else ():
        if name not in wanted:
            control.unload(name)
    _renew_traps(control, peer.name, wanted)
    _write_messages(files, peer.name, "loaded", wanted)
    target = peer.as_loaded()
    record.peers[peer.name] = PeerRecord(
        peer.peer_address,
        sorted(wanted),
        target.fingerprint,
        {
            name: _child_record(child.fingerprint, child.groups, child.restart)
            for name, child in target.children.items()
        },
        [peer.dpd_interval, peer.dpd_timeout],
        listing(control.listed(wanted), sorted(wanted)),
        older,
    )
    write_record(files, record)


def _child_record(fingerprint: str, groups: tuple[int, ...] | None, restart: str | None) -> ChildRecord:
    return ChildRecord(fingerprint, None if groups is None else list(groups), restart)


def _children_during_load(existing: PeerRecord | None, peer: PeerSpec) -> dict[str, ChildRecord]:
    """The recorded children during loading: never one that the new configuration unloads."""
    known = existing.children if existing else {child.name: ChildRecord() for child in peer.children}
    return {child.name: known[child.name] for child in peer.children if child.name in known}


def drop(control: vici.Charon, files: MemberFiles, record: MemberRecord, name: str) -> None:
    for connection in (name, name + translate.SECOND_TRY):
        control.unload(connection)
    control.unload_secret(name)
    terminate(control, Terminate(name))
    _renew_traps(control, name, {})
    record.peers.pop(name, None)
    record.attempts.pop(name, None)
    record.mark_aware(name)
    write_record(files, record)
    forget_failures(files, name)
    for kind in ("loaded", "begun"):
        remove(files.messages(name, kind))


def _renew_traps(control: vici.Charon, peer: str, wanted: Messages) -> None:
    """Reinstall or remove traps: a trap keeps the configuration that it was installed with, whatever is
    loaded or unloaded later."""
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
    """Terminate the most specific of the SAs that `what` names."""
    for key, value in (("child-id", what.child_sa), ("ike-id", what.sa), ("child", what.child)):
        if value:
            control.terminate({key: value})
            return
    for connection in (what.peer, what.peer + translate.SECOND_TRY):
        control.terminate({"ike": connection})


def initiate(control: vici.Charon, files: MemberFiles, record: MemberRecord, action: Initiate) -> None:
    """Only start it. The attempt is counted already."""
    known = record.peers.get(action.peer)
    second = action.peer + translate.SECOND_TRY
    has_second = known is not None and second in known.names
    connection = second if action.ike_version == IkeVersion.V1 and has_second else action.peer
    if known is None or not known.older:
        control.initiate(connection, action.child)
        return
    with _with_negotiated(control, files, action.peer, connection):
        control.initiate(connection, action.child)


@contextmanager
def _with_negotiated(control: vici.Charon, files: MemberFiles, peer: str, connection: str) -> Iterator[None]:
    """Temporarily load the configuration that the present IKE SA was negotiated with, with the current
    children. The next observation detects a kill in between: charon lists a different configuration."""
    loaded, negotiated = (_read_messages(files, peer, kind).get(connection) for kind in ("loaded", "begun"))
    if not loaded or not negotiated or not control.sas(connection):
        yield
        return
    control.load({connection: {**negotiated, "children": loaded["children"]}})
    try:
        yield
    finally:
        control.load({connection: loaded})


def _keep_negotiated(
    control: vici.Charon, files: MemberFiles, existing: PeerRecord | None, peer: str, wanted: Messages
) -> bool:
    """Whether IKE SAs are up that were negotiated with a different configuration than is wanted now; if so,
    keep that configuration."""
    if existing is None:
        return False
    up = [name for name in existing.names if control.sas(name)]
    if not up:
        return False
    loaded = _read_messages(files, peer, "loaded")
    negotiated = _read_messages(files, peer, "begun") if existing.older else loaded
    # Unknown (loaded by another version of the product) counts as different.
    differs = any(
        _without_children(negotiated.get(name)) != _without_children(wanted.get(name)) for name in up
    )
    if differs and not existing.older:
        _write_messages(files, peer, "begun", negotiated)
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


def probe_peer(control: vici.Charon, files: MemberFiles, record: MemberRecord, peer: str) -> None:
    """Probe by rekeying: the IKE SA with IKEv2, which does not affect the children, and a child with IKEv1,
    where even a peer that has lost its state would accept a new IKE SA.

    Counted before it is done: a kill in between makes probes less frequent, not more frequent.
    """
    before = record.silences.get(peer)
    record.silences[peer] = SilenceRecord.of(after_probe(before.value if before else None, datetime.now(UTC)))
    write_record(files, record)
    for sa in translate.sa_states(control.sas()):
        if sa.peer != peer or not sa.established:
            continue
        if sa.version != IkeVersion.V1:
            control.rekey({"ike-id": sa.unique_id})
            continue
        newest = min((c for c in sa.children if c.installed), key=lambda c: c.installed_for, default=None)
        if newest:
            control.rekey({"child-id": newest.unique_id})
