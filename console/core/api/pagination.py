"""Keyset pagination, newest first: every page costs the same.

A page begins after a row (its sort key and its `id`, the keyset), not at a number, so rows created
meanwhile neither repeat nor hide others. The token that identifies this row is
signed and bound to the account, the collection, its filters and its order.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.crypto import salted_hmac
from rest_framework.pagination import BasePagination

from console.core.actor import Actor
from console.core.api.errors import InvalidParameter
from console.core.errors import Violation

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNATURE, _ID = 16, 16

Row = TypeVar("Row", bound=Model)


class KeysetPagination(BasePagination):
    """Makes the browsable API aware of pagination; the work is done by `take_page`."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page: `rows`, how many there are in all, and the URLs of the first page and the next, which is
    None where there is no other (contract section 5.5)."""

    rows: Sequence[Row]
    limit: int
    total_count: int
    first: str
    next: str | None = None


def take_page(
    rows: QuerySet[Row],
    query: Mapping[str, str],
    actor: Actor,
    *,
    href: str,
    scope: str,
    filters: Mapping[str, str] | None = None,
    sorts: Sequence[str] = (),
    ident: str = "id",
) -> Page[Row]:
    """The page that `limit` and `start` of the query string select.

    `scope` names the collection for the token; `sorts` are the fields that `sort` may name, with a
    hyphen before it for the other direction; `ident` is a unique column of UUIDs. Raises
    InvalidParameter.
    """
    broken: list[Violation] = []
    chosen = dict(filters or {})
    order = _order(query.get("sort") if sorts else None, sorts, broken)
    if sorts and "sort" in query:
        chosen["sort"] = query["sort"]
    salt = f"{actor.account_id}/{scope}?{urlencode(sorted(chosen.items()))}"
    field, down = order.removeprefix("-"), order.startswith("-")
    limit, after = _read(query, salt, field, broken)
    total = rows.count()
    if after is not None:
        at, last = after
        word = "lt" if down else "gt"
        # The first term lets the database use the index, whatever it does with the second.
        rest = Q(**{f"{field}__{word}": at}) | Q(**{f"{ident}__{word}": last})
        rows = rows.filter(Q(**{f"{field}__{word}e": at}) & rest)
    found = list(rows.order_by(order, f"-{ident}" if down else ident)[: limit + 1])
    first = f"{href}?{urlencode({'limit': limit, **chosen})}"
    more = f"{first}&start={_token(found[limit - 1], salt, field, ident)}" if len(found) > limit else None
    return Page(found[:limit], limit, total, first, more)


def _order(text: str | None, sorts: Sequence[str], broken: list[Violation]) -> str:
    if text is None:
        return "-created_at"
    if text.removeprefix("-") not in sorts:
        words = ", ".join(word for name in sorts for word in (name, f"-{name}"))
        broken.append(Violation("validation_enum", "sort", f"sort must be one of {words}."))
        return "-created_at"
    return text


def _read(
    query: Mapping[str, str], salt: str, field: str, broken: list[Violation]
) -> tuple[int, tuple[datetime | str, UUID] | None]:
    limit = _limit(query.get("limit"), broken)
    start = query.get("start")
    after = _open(start, salt, field) if start is not None else None
    if start is not None and after is None:
        message = "The start token is not valid for this collection; begin with the first page."
        broken.append(Violation("invalid_id_format", "start", message))
    if broken:
        raise InvalidParameter(broken)
    return limit, after


def _limit(text: str | None, broken: list[Violation]) -> int:
    if text is None:
        return DEFAULT_LIMIT
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
        message = f"The limit is a whole number from 1 to {MAX_LIMIT}."
        broken.append(Violation("validation_invalid_field_type", "limit", message))
        return DEFAULT_LIMIT
    limit = int(text)
    if limit < 1:
        broken.append(Violation("validation_min_value", "limit", "The limit must be at least 1."))
    elif limit > MAX_LIMIT:
        broken.append(Violation("validation_max_value", "limit", f"The limit must be at most {MAX_LIMIT}."))
    return limit


def _signature(payload: bytes, salt: str) -> bytes:
    return salted_hmac(f"isthmus.start:{salt}", payload, algorithm="sha256").digest()[:_SIGNATURE]


def _token(row: Model, salt: str, field: str, ident: str) -> str:
    value = getattr(row, field)
    key = value.encode() if isinstance(value, str) else _micros(value)
    payload = key + getattr(row, ident).bytes
    return base64.urlsafe_b64encode(payload + _signature(payload, salt)).rstrip(b"=").decode()


def _micros(at: datetime) -> bytes:
    return ((at - _EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big", signed=True)


def _open(token: str, salt: str, field: str) -> tuple[datetime | str, UUID] | None:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    payload, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if len(payload) <= _ID or not hmac.compare_digest(signature, _signature(payload, salt)):
        return None
    key, ident = payload[:-_ID], UUID(bytes=payload[-_ID:])
    if field != "created_at":
        return key.decode(), ident
    return _EPOCH + timedelta(microseconds=int.from_bytes(key, "big", signed=True)), ident
