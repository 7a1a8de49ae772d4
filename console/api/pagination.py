"""Lists, newest first, page by page: a page costs the same wherever it lies.

A page begins after a row (its `created_at` and `id`, the keyset), not at a number, so rows that
come meanwhile neither repeat nor push others away. The token that names this row is signed and
bound to the account, the collection and its filters.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from rest_framework.pagination import BasePagination

from console.actor import Actor
from console.api.errors import InvalidParameter
from console.errors import Violation
from console.models.base import Resource

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNATURE = 16
_PAYLOAD = 8 + 16

Row = TypeVar("Row", bound=Resource)


class KeysetPagination(BasePagination):
    """Tells the browsable API that lists come in pages; the work is done by `take_page`."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page: `rows`, how many there are in all, and where the next one begins."""

    rows: Sequence[Row]
    limit: int
    total: int
    href: str
    filters: Mapping[str, str] = field(default_factory=dict)
    next_token: str = ""

    def body(self, key: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """The collection's answer (contract section 5.5); `next` only where another page exists."""
        query = {"limit": self.limit, **self.filters}
        answer: dict[str, Any] = {
            "first": {"href": f"{self.href}?{urlencode(query)}"},
            "limit": self.limit,
            "total_count": self.total,
            key: items,
        }
        if self.next_token:
            answer["next"] = {"href": f"{self.href}?{urlencode({**query, 'start': self.next_token})}"}
        return answer


def take_page(
    rows: QuerySet[Row],
    query: Mapping[str, str],
    actor: Actor,
    *,
    href: str,
    scope: str,
    filters: Mapping[str, str] | None = None,
) -> Page[Row]:
    """The page that `limit` and `start` of the query string ask for.

    `scope` names the collection for the token. Raises InvalidParameter.
    """
    chosen = dict(filters or {})
    salt = f"{actor.account_id}/{scope}?{urlencode(sorted(chosen.items()))}"
    limit, after = _read(query, salt)
    total = rows.count()
    if after is not None:
        at, ident = after
        # The first term lets the database begin in the index, whatever it makes of the second.
        rows = rows.filter(Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(id__lt=ident)))
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    more = _token(found[limit - 1], salt) if len(found) > limit else ""
    return Page(found[:limit], limit, total, href, chosen, more)


def _read(query: Mapping[str, str], salt: str) -> tuple[int, tuple[datetime, UUID] | None]:
    broken: list[Violation] = []
    limit = _limit(query.get("limit"), broken)
    start = query.get("start")
    after = _open(start, salt) if start is not None else None
    if start is not None and after is None:
        message = "The start token is not one that this collection gave out; begin with the first page."
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


def _token(row: Resource, salt: str) -> str:
    micros = (row.created_at - _EPOCH) // timedelta(microseconds=1)
    payload = micros.to_bytes(8, "big", signed=True) + row.id.bytes
    return base64.urlsafe_b64encode(payload + _signature(payload, salt)).rstrip(b"=").decode()


def _open(token: str, salt: str) -> tuple[datetime, UUID] | None:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    payload, signature = raw[:_PAYLOAD], raw[_PAYLOAD:]
    if len(payload) != _PAYLOAD or not hmac.compare_digest(signature, _signature(payload, salt)):
        return None
    micros = int.from_bytes(payload[:8], "big", signed=True)
    return _EPOCH + timedelta(microseconds=micros), UUID(bytes=payload[8:])
