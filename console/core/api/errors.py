"""Refusals that are about the request itself and not about its fields."""

from __future__ import annotations

from typing import Self

from console.core.errors import Invalid, Violation


class InvalidParameter(Invalid):
    """Query parameters break rules (400; targets of the type `parameter`)."""


class TooLarge(Invalid):
    """The body is over the limit (413)."""

    @classmethod
    def over(cls, limit: int) -> Self:
        return cls([Violation("http_request_size_exceeded", "", f"A body has at most {limit} bytes.")])


def bad_request(message: str) -> Invalid:
    return Invalid([Violation("bad_request", "", message)])
