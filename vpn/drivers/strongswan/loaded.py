"""What charon really has loaded, compared with the member's record.

VICI lists connections with addresses, identities, children, selectors and timers, in charon's own format,
and the ids of secrets; no proposals and no keys. So a digest of what charon listed right after loading is
recorded, and compared with what it lists now: the format does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vpn.domain.state import LoadedChild, LoadedPeer, SaState
from vpn.drivers.strongswan import charon, vici
from vpn.drivers.strongswan.member_record import ChildRecord, MemberRecord, PeerRecord
from vpn.drivers.strongswan.names import MemberFiles
from vpn.drivers.strongswan.translate import peer_of, sa_states


@dataclass(frozen=True, slots=True)
class LoadedItems:
    """Connections by name, as listed and not parsed, and the ids of secrets."""

    connections: Mapping[str, bytes] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Listed:
    """A charon, its SAs, what it has loaded, and the children for which it has traps."""

    process: charon.Process
    sas: tuple[SaState, ...]
    items: LoadedItems
    held: frozenset[str]


def listed_by_charon(files: MemberFiles, namespace: str) -> Listed | None:
    """What the member's charon lists in one session; None if it does not respond."""
    charon.shorten_log(files.log)
    try:
        link = vici.connect(files.socket)
    except vici.NoAnswer:
        return None
    try:
        pid, control = vici.owner(link), vici.Charon(link)
        sas = sa_states(control.sas())
        items = LoadedItems(control.listed(), frozenset(control.secrets()))
        held = frozenset(child for _, child in control.traps())
    except vici.NoAnswer:
        return None
    finally:
        link.close()
    return (
        Listed(charon.Process(pid, charon.boot_id(pid)), sas, items, held)
        if charon.is_ours(pid, files, namespace)
        else None
    )


def listing(connections: Mapping[str, bytes], names: Iterable[str]) -> str:
    """The digest of what is listed for these connections; empty if one of them is missing, because it was
    unloaded between being loaded and being listed."""
    wanted = list(names)
    if not all(name in connections for name in wanted):
        return ""
    parts = (hashlib.sha256(connections[name]).digest() for name in wanted)
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def loaded_peers(record: MemberRecord | None, items: LoadedItems) -> dict[str, LoadedPeer]:
    """By peer name. `record` is None if there is none for this boot of charon. Connections and secrets that
    are not recorded are included under their own names, so that they can be dropped or replaced."""
    recorded = record.peers if record else {}
    found = {name: _loaded(name, entry, items) for name, entry in recorded.items()}
    for name, listed in items.connections.items():
        if peer_of(name) not in found:
            children = {child: LoadedChild() for child in vici.read_listed(listed).get("children", {})}
            found[peer_of(name)] = LoadedPeer("", children)
    for name in items.secrets - found.keys():
        found[name] = LoadedPeer("", {})
    return found


def _loaded(name: str, entry: PeerRecord, items: LoadedItems) -> LoadedPeer:
    listed = listing(items.connections, entry.names)
    whole = bool(entry.listed) and listed == entry.listed and name in items.secrets
    children = {child: _child(marks) for child, marks in entry.children.items()}
    dpd = (entry.dpd[0], entry.dpd[1]) if entry.dpd else None
    return LoadedPeer(entry.fingerprint if whole else "", children, dpd, entry.older)


def _child(entry: ChildRecord) -> LoadedChild:
    return LoadedChild(
        entry.fingerprint, None if entry.groups is None else tuple(entry.groups), entry.restart
    )
