"""What the apps above register for the pages of this one, which knows nothing of them.

They register in their AppConfig.ready: how much of each quota is used, and where objects have
their pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from console.core.errors import Refused
from console.core.identifiers import parse_uuid


class Use(NamedTuple):
    """How much of the quota `name` is used; for a quota of each VPC, zone or gateway, that of the
    fullest one, named by `place`."""

    name: str
    used: int
    place: str = ""


class Interruption(NamedTuple):
    """The name of a connection whose tunnel a change ends, and why, as the end of a sentence. `extent`:
    it `ends`, it is negotiated `again`, a `part` of it ends, its CIDR pairs in `why`, or it `may` be
    negotiated again."""

    connection: str
    why: str
    extent: str = "again"

    @property
    def certain(self) -> bool:
        return self.extent != "may"


Usage = Callable[[UUID], Iterable[Use]]
Pages = Callable[[UUID, Collection[UUID]], Mapping[UUID, str]]

# Called before a change; what it returns is called after it, in the same transaction.
Interruptions = Callable[[Model], Callable[[], list[Interruption]]]

_interruptions: list[Interruptions] = []
_usages: list[Usage] = []
_pages: dict[str, Pages] = {}


def add_usage(usage: Usage) -> None:
    """`usage` gets the account's id; it makes the same number of queries whatever is in it."""
    if usage not in _usages:
        _usages.append(usage)


def add_pages(target_type: str, pages: Pages) -> None:
    """`pages` gets the account's id and ids of objects: the page of each that exists still.
    `target_type` is the code of the audit trail."""
    _pages[target_type] = pages


def add_interruptions(interruptions: Interruptions) -> None:
    """Whose tunnels a change of an object ends."""
    if interruptions not in _interruptions:
        _interruptions.append(interruptions)


def watch_interruptions(changed: Model | None) -> Callable[[], list[Interruption]]:
    """See `Interruptions`; None, where there is no such object, interrupts nothing."""
    watches = [] if changed is None else [interruptions(changed) for interruptions in _interruptions]
    return lambda: [one for after in watches for one in after()]


def interrupted_by(changed: Model, act: Callable[[], object]) -> list[Interruption]:
    """Whose tunnels `act`, a change of `changed`, would end: it is done and undone. What refuses it
    then says so when it is really done."""
    with transaction.atomic():
        ended_by = watch_interruptions(changed)
        with suppress(Refused):
            act()
        ended = ended_by()
        transaction.set_rollback(True)
    return ended


def describe_interruptions(found: Sequence[Interruption]) -> str:
    """Sentences with the number of connections, and the reasons of the first ones; empty if none."""
    by_extent = [(words, [one for one in found if one.extent == extent]) for extent, words in _EXTENTS]
    return " ".join(_sentence(words, some) for words, some in by_extent if some)


_EXTENTS = (
    ("ends", ("1 tunnel that is up ends", "{} tunnels that are up end")),
    (
        "again",
        ("1 tunnel ends and is negotiated again", "{} tunnels end and are negotiated again"),
    ),
    ("part", ("CIDR pairs of 1 tunnel end, others go on", "CIDR pairs of {} tunnels end, others go on")),
    ("may", ("1 tunnel may end and be negotiated again", "{} tunnels may end and be negotiated again")),
)


def _sentence(words: tuple[str, str], found: Sequence[Interruption]) -> str:
    count = words[0] if len(found) == 1 else words[1].format(len(found))
    some = "; ".join(f"{one.connection}: {one.why}" for one in found[:5])
    return f"{count}: {some}{', and others' if len(found) > 5 else ''}."


def used(account_id: UUID) -> dict[str, Use]:
    """What is used of each quota, by its name in `settings.QUOTAS`."""
    return {use.name: use for usage in _usages for use in usage(account_id)}


def pages_of(account_id: UUID, targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The page of each (type, id) that has one: a query for each type among them."""
    by_type: dict[str, set[UUID]] = {}
    for kind, text in targets:
        ident = parse_uuid(text)
        if kind in _pages and ident:
            by_type.setdefault(kind, set()).add(ident)
    return {
        (kind, str(ident)): url
        for kind, idents in by_type.items()
        for ident, url in _pages[kind](account_id, idents).items()
    }
