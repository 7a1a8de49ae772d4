"""The error container, independent of a Django request (contract section 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from console.core.api.response_schema import (
    ANY,
    STRING,
    Body,
    Field,
    Many,
    ResponseSchema,
    attribute,
    choice,
)
from console.core.api.versions import FORMS
from console.core.errors import Violation

INTERNAL = "Something went wrong here, not with the request. Quote the trace when you report it."


class ShownError(NamedTuple):
    """`base` is scheme and host of the manual, empty where they are unknown; `kind` is what the
    violation's field is: field, parameter, header; `value` is what was sent there, if it may be shown."""

    violation: Violation
    base: str
    kind: str = "field"
    value: str | int | float | bool | None = None


class Target(ResponseSchema):
    """What an error is about. `value` is what was sent there, never a secret."""

    type = Field(choice("field", "parameter", "header"), attribute("kind"))
    name = Field(STRING, attribute("violation.field"))
    value = Field(ANY, optional=True)


class ErrorItem(ResponseSchema):
    """One thing that is wrong; the manual explains every code."""

    code = Field(STRING, attribute("violation.code"))
    message = Field(STRING, attribute("violation.message"))
    more_info = Field(STRING, lambda error, context: f"{error.base}/manual/errors#{error.violation.code}")
    target = Field(Target, lambda error, context: error if error.violation.field else None, optional=True)


class _Failure(NamedTuple):
    errors: Iterable[ShownError]
    trace: str


class Errors(ResponseSchema):
    """Every failure: all that is wrong, and the request's id to quote."""

    errors = Field(Many(ErrorItem))
    trace = Field(STRING)


# The same in every version.
_write = Errors.renderer(FORMS[-1])


def error_container(errors: Iterable[ShownError], trace: str) -> Body:
    """`trace` is the request id, which the log contains."""
    return _write(_Failure(errors, trace), None)
