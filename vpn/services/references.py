"""From a reference in a body ({id}, {href}, {crn} or {name}) to a row of the actor's account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet

from console.core.actor import Actor
from console.core.errors import Invalid, Violation
from console.core.models.base import Resource

Row = TypeVar("Row", bound=Resource)
WAYS = ("id", "href", "crn", "name")
# Characters of a reference that are quoted in a message; a CRN is the longest valid one.
_LONGEST_SHOWN = 256
# Resource types in CRNs by collection; policies have no CRN (contract section 2.7).
_CRN_TYPES = {"subnets": "subnet", "vpcs": "vpc"}
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def find(
    actor: Actor,
    rows: QuerySet[Row],
    reference: Mapping[str, Any],
    *,
    field: str,
    code: str,
    noun: str,
    collection: str,
) -> Row:
    """The row of a reference. An unknown reference in a body is 400 (contract section 5.2).

    `collection` is the one that hrefs of such rows lead to, under any host. Raises Invalid with
    `code` when there is no such row in the account, and with validation_only_one when the reference
    is not exactly one of id, href, crn, name.
    """
    given = [way for way in WAYS if reference.get(way)]
    if len(given) != 1:
        words = ", ".join(WAYS)
        raise Invalid(
            [Violation("validation_only_one", field, f"Name the {noun} by exactly one of {words}.")]
        )
    way, value = given[0], str(reference[given[0]])
    mine = rows.filter(account_id=actor.account_id)
    if way == "name":
        found = list(mine.filter(name=value)[:2])
        if len(found) > 1:
            message = f"Several {noun}s are called {value}; name the one you mean by its id."
            raise Invalid([Violation("validation_invalid_ref", f"{field}.name", message)])
    else:
        ident = _ident(way, value, collection)
        found = list(mine.filter(pk=ident)) if ident else []
    if not found:
        message = f"There is no {noun} with the {way} {value[:_LONGEST_SHOWN]} in this account."
        raise Invalid([Violation(code, f"{field}.{way}", message)])
    return found[0]


def _ident(way: str, value: str, collection: str) -> UUID | None:
    """The id in an href or CRN of the collection: .../v1/subnets/ID, ...::subnet:ID. Else None."""
    if way == "href":
        *_, root, kind, value = ["", "", *urlsplit(value).path.split("/")]
        if (root, kind) != ("v1", collection):
            return None
    elif way == "crn":
        *_, kind, value = ["", *value.split(":")]
        if kind != _CRN_TYPES.get(collection):
            return None
    return UUID(value) if _ID.fullmatch(value) else None
