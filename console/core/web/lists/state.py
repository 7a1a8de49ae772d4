"""The state of a list (search, filters, order, page), kept in the query string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict

from console.core.web.lists.declare import ListSpec

SIZES = (10, 25, 50, 100)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class State:
    """`sort` is a column's key, with a hyphen before it for descending order."""

    search: str
    chosen: Mapping[str, str]
    sort: str
    size: int
    page: int
    spec: ListSpec

    @classmethod
    def of(cls, query: QueryDict, spec: ListSpec) -> Self:
        """Invalid values are ignored: addresses are typed and shared by people."""
        sort = query.get("sort", "")
        size = _number(query.get("size", ""))
        keys = {one.key: query.get(one.key, "")[:_LONGEST] for one in spec.filters}
        return cls(
            search=query.get("q", "").strip()[:_LONGEST].replace("\0", ""),
            chosen={key: value.replace("\0", "") for key, value in keys.items() if value},
            sort=sort if spec.column(sort.removeprefix("-")) else spec.default,
            size=size if size in SIZES else spec.size,
            page=max(1, _number(query.get("page", ""))),
            spec=spec,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.chosen)

    @property
    def filter_count(self) -> int:
        return len(self.chosen)

    def query(self) -> str:
        """The shortest query string for this state."""
        own: dict[str, Any] = {"q": self.search, **self.chosen}
        own |= {"sort": self.sort} if self.sort != self.spec.default else {}
        own |= {"size": self.size} if self.size != self.spec.size else {}
        own |= {"page": self.page} if self.page > 1 else {}
        return urlencode({key: value for key, value in own.items() if value})

    def link(self, **changes: Any) -> str:
        """The link to another state, on its first page unless `page` is given."""
        query = replace(self, **{"page": 1, **changes}).query()
        return f"?{query}" if query else "?"

    def link_without(self, key: str) -> str:
        """The link that removes one filter."""
        return self.link(chosen={name: value for name, value in self.chosen.items() if name != key})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
