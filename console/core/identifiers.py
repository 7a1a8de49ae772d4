"""Ids of rows in text that may be anything."""

from __future__ import annotations

from uuid import UUID


def parse_uuid(text: object) -> UUID | None:
    """The text as a UUID; None if it is not one."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
