"""Query parameters and headers of operations: their OpenAPI description, and how they are read."""

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
        "The maximum number of items per page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    Parameter("start", "Where the page begins: the token in `next` of the previous page."),
)
DRY_RUN = Parameter(
    "dry_run",
    "Check everything and return the result with warnings, without changing anything.",
    {"type": "boolean", "default": False},
)
RESOURCE_GROUP = Parameter("resource_group.id", "Only objects of these resource groups, separated by commas.")
IF_MATCH = Parameter(
    "If-Match",
    "Only if the object still has this ETag; otherwise 412.",
    {"type": "string"},
    place="header",
)


def choice_param(name: str, text: str, words: Sequence[str]) -> str:
    """The text, if it is one of the words. Raises InvalidParameter."""
    if text not in words:
        message = f"{name} must be one of {', '.join(words)}."
        raise InvalidParameter([Violation("validation_enum", name, message)])
    return text


def flag_param(name: str, text: str) -> bool:
    """true or false, case-insensitive. Raises InvalidParameter for anything else."""
    return choice_param(name, text.lower(), ("true", "false")) == "true"
