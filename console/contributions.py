"""What upper floors tell the pages of this one, which knows nothing of them.

They register in their AppConfig.ready: how much of each quota is used, and where objects have
their pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db.models import Model


class Use(NamedTuple):
    """How much of the quota `name` is used; for a quota of each VPC, zone or gateway, that of the
    fullest one, named by `place`."""

    name: str
    used: int
    place: str = ""


class Interruption(NamedTuple):
    """The name of a connection whose tunnel an edit ends, and why, as the end of a sentence."""

    connection: str
    why: str


Usage = Callable[[UUID], Iterable[Use]]
Pages = Callable[[UUID, Collection[UUID]], Mapping[UUID, str]]

# Called before an edit; what it returns is called after it, in the same transaction.
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
    """Whose tunnels an edit of an object ends."""
    if interruptions not in _interruptions:
        _interruptions.append(interruptions)


def watch_interruptions(edited: Model) -> Callable[[], list[Interruption]]:
    """See `Interruptions`."""
    watches = [interruptions(edited) for interruptions in _interruptions]
    return lambda: [one for after in watches for one in after()]


def describe_interruptions(found: list[Interruption]) -> str:
    """One sentence with the number of connections, and the reasons of the first ones; empty if none."""
    if not found:
        return ""
    count = "1 tunnel ends and is" if len(found) == 1 else f"{len(found)} tunnels end and are"
    some = "; ".join(f"{one.connection}: {one.why}" for one in found[:5])
    return f"{count} negotiated again: {some}{', and others' if len(found) > 5 else ''}."


def used(account_id: UUID) -> dict[str, Use]:
    """What is used of each quota, by its name in `settings.QUOTAS`."""
    return {use.name: use for usage in _usages for use in usage(account_id)}


def pages_of(account_id: UUID, targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The page of each (type, id) that has one: a query for each type among them."""
    by_type: dict[str, set[UUID]] = {}
    for kind, text in targets:
        ident = _ident(text)
        if kind in _pages and ident:
            by_type.setdefault(kind, set()).add(ident)
    return {
        (kind, str(ident)): url
        for kind, idents in by_type.items()
        for ident, url in _pages[kind](account_id, idents).items()
    }


def _ident(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
