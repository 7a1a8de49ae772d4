"""Query parameters and headers of operations: as the OpenAPI document tells them, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from console.core.api.errors import InvalidParameter
from console.core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from console.core.errors import Violation


class Parameter(NamedTuple):
    """Optional; `schema` is a JSON Schema of its value."""

    name: str
    description: str
    schema: Mapping[str, Any] = {"type": "string"}
    place: str = "query"


PAGING = (
    Parameter(
        "limit",
        "How many there are at most on a page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    Parameter("start", "Where the page begins: a token of the `next` that the page before gave."),
)
DRY_RUN = Parameter(
    "dry_run",
    "Check everything, tell what would come of it and what speaks against it, and do nothing.",
    {"type": "boolean", "default": False},
)
RESOURCE_GROUP = Parameter("resource_group.id", "Only those of these resource groups, with commas between.")
IF_MATCH = Parameter(
    "If-Match", "Only if the object still has this ETag; else 412.", {"type": "string"}, place="header"
)


def word_of(name: str, text: str, words: Sequence[str]) -> str:
    """One of the words. Raises InvalidParameter."""
    if text not in words:
        message = f"{name} must be one of {', '.join(words)}."
        raise InvalidParameter([Violation("validation_enum", name, message)])
    return text


def flag_of(name: str, text: str) -> bool:
    """Raises InvalidParameter for a word that is neither true nor false, in any case of letters."""
    return word_of(name, text.lower(), ("true", "false")) == "true"
