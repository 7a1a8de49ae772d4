"""The base of every API view, and the views that belong to no product."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from console.core.actor import Actor, Role
from console.core.api.changes import VersionChange, downgrade_errors, upgrade_request, written
from console.core.api.dry_run import refuse_elsewhere
from console.core.api.errors import InvalidParameter
from console.core.api.fields import RequestSchema
from console.core.api.forms import narrow
from console.core.api.links import Links
from console.core.api.pagination import Page, take_page
from console.core.api.parameters import Parameter
from console.core.api.parsers import FormsNeedASession, is_clean
from console.core.api.reading import head, merge, read_body
from console.core.api.response_schema import Body, Context, ResponseSchema, render
from console.core.api.responses import Root
from console.core.api.versions import DEFAULT, FORMS, ApiVersion
from console.core.errors import Conflict, Invalid, Violation, not_found

Row = TypeVar("Row", bound=Model)
Check = Callable[[Any], list[Violation]]
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def path_id(text: str, code: str, noun: str, place: str = "account") -> UUID:
    """An id in the path. Raises NotFound with the object's code if it is not a UUID."""
    if not _ID.fullmatch(text):
        raise not_found(code, noun, text[:64], place)
    return UUID(text)


class ApiView(APIView):
    """After `initial` a view knows its actor, the API version, and how to link.

    Views read bodies of the newest form; `changes` converts older ones. `respond` renders rows in the
    form of the request's version.

    `requests` has the request schema of each method; the browsable API builds its forms from it.
    """

    content_negotiation_class = FormsNeedASession
    requests: Mapping[str, type[RequestSchema]] = {}
    # How older versions of the objects of this view differ, oldest first.
    changes: Sequence[VersionChange] = ()
    # The response schema of each method, which `respond` and the OpenAPI document use.
    responses: Mapping[str, type[ResponseSchema]] = {}
    # For the document: the parameters of a list, the version that introduced the operations, and whether
    # the object has an ETag.
    filters: Sequence[Parameter] = ()
    since: ApiVersion | None = None
    has_etag = False
    pages = True
    # Methods that exist to explain why they do nothing.
    unsupported_methods: Sequence[str] = ()
    # Whether DELETE is asynchronous.
    deletes_later = False
    request: Request
    version: ApiVersion
    links: Links
    # The object last returned, with its schema and what it was rendered with.
    _returned: tuple[type[ResponseSchema], Any, Any] | None = None
    # After a refusal its form shows what was sent.
    refused = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        query = request.query_params
        if not all(is_clean(str(value)) for value in query.values()):
            raise InvalidParameter(
                [Violation("bad_request", "", "The query holds characters no text may hold.")]
            )
        by_session = isinstance(request.successful_authenticator, SessionAuthentication)
        self.version = DEFAULT if by_session and "version" not in query else ApiVersion.parse(query)
        self.links = Links(request._request, self.actor.account_id)
        refuse_elsewhere(self, request)

    @property
    def actor(self) -> Actor:
        return cast(Actor, self.request.auth)

    @property
    def sent(self) -> Mapping[str, Any]:
        """The body; the parsers accept only objects."""
        return cast(Mapping[str, Any], self.request.data)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Responses contain keys and belong to one account: they are never cached."""
        return {"Allow": ", ".join(self.allowed_methods), "Vary": "Accept", "Cache-Control": "no-store"}

    def get_serializer(self, *args: Any, **kwargs: Any) -> RequestSchema:
        """For the browsable API's forms."""
        kwargs.pop("instance", None)
        form = self._form(*args, **kwargs)
        # A page about an invalid version is rendered as well.
        return narrow(form, getattr(self, "version", DEFAULT), self.changes)

    def _form(self, *args: Any, **kwargs: Any) -> RequestSchema:
        method = self.request.method or ""
        schema = self.requests.get(method, RequestSchema)
        if method == "PATCH":
            return schema(instance=self.editable(self.shown), **kwargs)
        if method == "POST" and self.refused:
            sent, _ = upgrade_request(self.sent, self.version, self.changes)
            again = schema(data=_without_key(sent), **kwargs)
            again.is_valid()
            return again
        return schema(*args, **kwargs)

    def editable(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a form of the current object is prefilled with; sent back unchanged it changes nothing."""
        without: Mapping[str, Any] = _without_key(body)
        return without

    def written(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A body of the newest form as clients of the request's version write it."""
        return written(body, getattr(self, "version", DEFAULT), self.changes)

    def handle_exception(self, exc: Exception) -> Response:
        self.refused = True
        if isinstance(exc, Invalid | Conflict) and not isinstance(exc, InvalidParameter):
            exc = type(exc)(self.named(exc.violations))
        return super().handle_exception(exc)

    def named(self, violations: Iterable[Violation]) -> list[Violation]:
        """With the fields' names of the request's version."""
        # Before `initial` the version is unknown, and no rule has run.
        version = getattr(self, "version", None)
        return downgrade_errors(violations, version, self.changes) if version else [*violations]

    def warnings(self, body: Mapping[str, Any]) -> Iterable[Any]:
        """Warnings about an object that a dry run has just created, given its response body."""
        return ()

    def read(
        self,
        schema: type[RequestSchema],
        *,
        of: Callable[[], object] | None = None,
        check: Callable[[Any], list[Violation]] | None = None,
    ) -> Any:
        """The body's fields. If types are wrong, `check` adds what else is wrong.

        `of` finds the object: if it does not exist, that is reported first. An actor whose role is too
        low gets that error and none about the body. Raises NotAllowed, Invalid with all violations, or
        what `of` raises.
        """
        if of is not None and not self.actor.may(self.role_for(())):
            of()
        self.actor.require(self.role_for(()))
        names = schema().fields.keys()
        body, unknown = upgrade_request(self.sent, self.version, self.changes, names)
        given = read_body(schema(data=body))
        broken = unknown + given.violations
        if not broken:
            return given.fields
        if of is not None:
            of()
        self.actor.require(self.role_for({*given.fields, *(head(v.field) for v in broken)}))
        more = check(given.fields) if check else []
        raise Invalid(merge(broken, more))

    def fields(
        self,
        schema: type[RequestSchema],
        *,
        check: Callable[[Any], list[Violation]] | None = None,
        **more: Any,
    ) -> Any:
        """As `read`, with the `api_generation` for services whose rules depend on it."""
        generation = {"api_generation": self.version.generation}
        whole = (lambda given: check(given | generation)) if check else None
        return self.read(schema, check=whole, **more) | generation

    def role_for(self, names: Collection[str]) -> Role:
        """The lowest role that may send these fields; without any, the lowest that may send a body."""
        return Role.EDITOR

    def respond(self, row: Any, related: Any = None, *, status: int = 200) -> Response:
        """The object, or the page, by the method's schema; `related` is what that is rendered with."""
        method = "GET" if self.request.method == "HEAD" else str(self.request.method)
        self._returned = (self.responses[method], row, related)
        return Response(self.rendered(*self._returned), status=status)

    def rendered(self, schema: type[ResponseSchema], row: Any, related: Any = None) -> Body:
        """The body in the form of the request's version, or of the first one that has the operation."""
        version = self.version
        if self.since is not None and version.is_before(self.since):
            version = self.since
        return render(schema, row, Context(version, self.links, related))

    @property
    def shown(self) -> Body:
        """The object last returned, in the newest form: the browsable API prefills its PATCH form."""
        if self._returned is None:
            return {}
        schema, row, related = self._returned
        return render(schema, row, Context(FORMS[-1], self.links, related))

    def page(
        self,
        rows: QuerySet[Row],
        path: str,
        *,
        filters: Mapping[str, str] | None = None,
        sorts: Sequence[str] = (),
        ident: str = "id",
    ) -> Page[Row]:
        """The page that the query selects; `ident` distinguishes rows created at the same time."""
        href, query = f"{self.links.base}/{path}", self.request.query_params
        return take_page(
            rows, query, self.actor, href=href, scope=path, filters=filters, sorts=sorts, ident=ident
        )

    def resource_group_filter(self, rows: QuerySet[Row]) -> tuple[QuerySet[Row], dict[str, str]]:
        """Filtered by the groups of the query (`resource_group.id`, comma-separated), and the filter."""
        wanted = self.request.query_params.get("resource_group.id")
        if wanted is None:
            return rows, {}
        return rows.filter(resource_group_id__in=wanted.split(",")[:20]), {"resource_group.id": wanted}

    @classmethod
    def success(cls, method: str, version: ApiVersion) -> tuple[int, ...]:
        """The statuses of a successful request."""
        if method in cls.unsupported_methods:
            return ()
        deleted = version.deleted_status if cls.deletes_later else 204
        return ({"POST": 201, "PUT": 204, "DELETE": deleted}.get(method, 200),)

    @classmethod
    def documented_path(cls, path: str, version: ApiVersion) -> bool:
        """Whether the version's document has the operation under this path."""
        return True

    def deleted(self) -> Response:
        """The response of DELETE."""
        return Response(status=self.success("DELETE", self.version)[0])


def _without_key(body: Any) -> Any:
    """Without the pre-shared key, which a form must not show again."""
    if "psk" not in body:
        return body
    rest = body.copy()
    del rest["psk"]
    return rest


class RootView(ApiView):
    """The collections of this API."""

    responses = {"GET": Root}

    def get(self, request: Request) -> Response:
        return self.respond(None)

    def get_view_name(self) -> str:
        return "Isthmus API"
