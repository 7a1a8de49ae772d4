"""Changes of the documents between two polls, as events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

from vpn.domain.state import EventKind, Reason, TunnelEvent
from vpn.drivers.simulated.documents import BY_V1, Document
from vpn.drivers.simulated.store import Store


class Watcher:
    """`members` maps each watched member to its gateway; it may be replaced at any time."""

    def __init__(self, store: Store) -> None:
        self.members: Mapping[UUID, UUID] = {}
        self._store = store
        self._seen: tuple[int, Mapping[UUID, UUID]] = (-1, {})
        self._known: dict[UUID, tuple[int, Document | None]] = {}

    def events(self) -> Iterator[TunnelEvent]:
        """Everything since the last poll. Costs one stat if nothing was written since."""

        seen = self._store.changed_at(), self.members
        if seen == self._seen:
            return
        self._seen = seen
        for gone in self._known.keys() - self.members.keys():
            del self._known[gone]
        for member, gateway in self.members.items():
            revision = self._store.revision(member)
            known_revision, before = self._known.get(member, (0, None))
            if revision == known_revision:
                continue
            after = self._store.read(member)
            self._known[member] = revision, after
            yield from _differences(member, gateway, before, after)


def _differences(
    member: UUID, gateway: UUID, before: Document | None, after: Document | None
) -> Iterator[TunnelEvent]:
    at = datetime.now(UTC)
    boot_before, boot_after = _boot(before), _boot(after)
    if boot_before and boot_before != boot_after:
        yield TunnelEvent(EventKind.LOST, member, gateway, at)
    if boot_after and boot_before != boot_after:
        yield TunnelEvent(EventKind.FOUND, member, gateway, at)
    down, up = _children(before), _children(after)
    for (peer, child), _ in sorted(down - up):
        yield TunnelEvent(EventKind.DOWN, member, gateway, at, peer, child)
    for (peer, child), _ in sorted(up - down):
        yield TunnelEvent(EventKind.UP, member, gateway, at, peer, child)
    reported = {f["serial"] for f in before["failures"].values()} if before else set()
    for peer, failure in (after["failures"] if after else {}).items():
        if failure["serial"] not in reported:
            reason = Reason(failure["code"], failure["message"])
            name = peer.removesuffix(BY_V1)
            yield TunnelEvent(EventKind.FAILED, member, gateway, at, name, failure["child"], reason)


def _boot(document: Document | None) -> str:
    """Which charon runs, empty if none does."""
    return document["boot"] if document and document["running"] else ""


def _children(document: Document | None) -> set[tuple[tuple[str, str], str]]:
    """((peer, child), incoming SPI) of all installed children."""
    return {
        ((peer, name), child["spi_in"])
        for peer, sa in (document["sas"] if document else {}).items()
        for name, child in sa["children"].items()
    }
