"""`POST ...?dry_run=true`: runs all checks, shows the result, and creates nothing. With a PATCH,
PUT or DELETE nothing is changed, and the response says which tunnels the change would end.

Our addition to the API. The object is created in a transaction that is rolled back, so that no check
is missed; work is requested after commit only, and so never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, cast

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.errors import InvalidParameter
from console.core.api.parameters import flag_param
from console.core.api.response_schema import Body
from console.core.api.responses import DryRun, dry_run_of
from console.core.errors import Invalid, Violation
from console.core.registry import Interruption, describe_interruptions

P = ParamSpec("P")
Post = Callable[Concatenate[Any, Request, P], Response]


class DryRunWarning(NamedTuple):
    """Allowed, but probably not intended."""

    code: str
    message: str


class DryRunResult(NamedTuple):
    """`body` is that of the response; None of an operation without one."""

    warnings: Sequence[DryRunWarning]
    body: Body | None
    interrupted_connections: int = 0


def creates(post: Post[P]) -> Post[P]:
    """For `post` of a view whose `warnings` are about the object created."""

    @wraps(post)
    def wrapper(self: Any, request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
        if not asked(request):
            return post(self, request, *args, **kwargs)
        with transaction.atomic():
            made = post(self, request, *args, **kwargs)
            result = DryRunResult([*self.warnings(made.data)], made.data)
            transaction.set_rollback(True)
        return Response(self.rendered(dry_run_of(self.responses["POST"]), result))

    # The OpenAPI document has the parameter where this is set.
    wrapper.__dict__["tries"] = True
    return cast(Post[P], wrapper)


def updates(change: Post[P]) -> Post[P]:
    """For `patch`, `put` or `delete` of a view whose `interruptions`, with the arguments of the path,
    report which tunnels end (see console.core.registry); they refuse nothing, `change` does."""

    @wraps(change)
    def wrapper(self: Any, request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
        if not asked(request):
            return change(self, request, *args, **kwargs)
        with transaction.atomic():
            ended_by = self.interruptions(*args, **kwargs)
            made = change(self, request, *args, **kwargs)
            ended: list[Interruption] = ended_by()
            transaction.set_rollback(True)
        certain = [one for one in ended if one.certain]
        possible = [one for one in ended if not one.certain]
        parts = {"tunnel_interrupted": certain, "tunnel_may_be_interrupted": possible}
        messages = {code: describe_interruptions(some) for code, some in parts.items() if some}
        warnings = [DryRunWarning(*one) for one in messages.items()]
        schema = dry_run_of(self.responses[request.method], "PATCH") if made.data is not None else DryRun
        return Response(self.rendered(schema, DryRunResult(warnings, made.data, len(certain))))

    wrapper.__dict__["tries"] = True
    return cast(Post[P], wrapper)


def refuse_elsewhere(view: Any, request: Request) -> None:
    """Raises InvalidParameter where the operation has no dry run: a request for one must change
    nothing."""
    handler = getattr(view, str(request.method).lower(), None)
    if handler is not None and "dry_run" in request.query_params and not hasattr(handler, "tries"):
        reads = request.method in ("GET", "HEAD", "OPTIONS")
        message = (
            "dry_run works with a POST that creates something, and with PATCH, PUT and DELETE of what may "
            f"end a tunnel; leave it out{' here.' if reads else ', and the change is made.'}"
        )
        raise InvalidParameter([Violation("bad_request", "dry_run", message)])


def refusals(make: Callable[[Any], object]) -> Callable[[Any], list[Violation]]:
    """A check: the violations that `make` would raise for the fields. Its changes are rolled back."""

    def check(fields: Any) -> list[Violation]:
        try:
            with transaction.atomic():
                make(fields)
                transaction.set_rollback(True)
        except Invalid as error:
            return list(error.violations)
        return []

    return check


def asked(request: Request) -> bool:
    """Raises InvalidParameter for a value that is neither true nor false."""
    return flag_param("dry_run", request.query_params.get("dry_run", "false"))
