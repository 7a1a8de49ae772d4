"""One operation of the document: what a view declares, in the form of one version."""

from __future__ import annotations

from typing import Any, ClassVar

import uritemplate
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse

from console.core.api.container import Errors
from console.core.api.fields import RequestSchema
from console.core.api.openapi.schemas import Schema, body_schema, described, example_of
from console.core.api.parameters import DRY_RUN, IF_MATCH, PAGING, Parameter
from console.core.api.response_schema import ResponseSchema
from console.core.api.responses import DryRun, Page, dry_run_of
from console.core.api.versions import GENERATION_REQUIRED, ApiVersion

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
# Spellings in sentences of words in paths.
_SPELLINGS = {
    "vpn": "VPN", "ike": "IKE", "ipsec": "IPsec", "vpc": "VPC", "vpcs": "VPCs", "cidr": "CIDR",
    "cidrs": "CIDRs", "ip": "IP",
}  # fmt: skip
_PLACES = {
    "prefix_address": ("The network's address.", {"type": "string", "format": "ipv4"}),
    "prefix_length": ("The network's length in bits.", {"type": "integer", "minimum": 0, "maximum": 32}),
    "cidr": ("A network, such as 10.1.2.0/24; its slash may be sent as it is.", {"type": "string"}),
    "region_name": ("The region's name.", {"type": "string"}),
    "zone_name": ("The zone's name.", {"type": "string"}),
    "group_id": ("The resource group's id.", {"type": "string"}),
}
# Every failure with its status; bodies are the same.
_REFUSALS = {
    400: "The request is invalid; all errors are listed.",
    401: "No API key or token, or one that is not usable.",
    403: "The key's role does not allow this.",
    404: "There is no such object in this account.",
    406: "The requested media type is not available.",
    409: "The request conflicts with the current state.",
    412: "The object has been changed since.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many requests with this key; retry after Retry-After seconds.",
    500: "Internal error; quote the trace.",
    503: "The database is busy or unavailable, and nothing was changed; retry after Retry-After seconds.",
}
_VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
_CIDR_VERBS = {"GET": "check", "PUT": "add", "DELETE": "remove"}


class Operation(AutoSchema):
    """Reads `requests`, `responses`, `changes`, `filters` and `success` of an `ApiView`."""

    view: Any
    version: ClassVar[ApiVersion]

    def get_operation_id(self) -> str:
        """The name in official SDKs: list_vpn_gateways, get_subnet_reserved_ip."""
        words = [part for part in self.path.split("/")[2:] if part]
        last = words[-1] if words else "collections"
        of_one = last.startswith("{") or self.method == "POST"
        about_cidrs = "cidr" in self.path.rpartition("connections/")[2]
        verb = (_CIDR_VERBS if about_cidrs else _VERBS)[self.method]
        if self.method == "GET" and not of_one:
            verb = "list"
        names = [word for word in words if not word.startswith("{")] or ["collections"]
        # They use the plural for the owner of CIDRs.
        owners = [name if about_cidrs and name == "connections" else _singular(name) for name in names[:-1]]
        return "_".join([verb, *owners, _singular(names[-1]) if of_one else names[-1]])

    def get_summary(self) -> str:
        words = [_SPELLINGS.get(word, word) for word in self.get_operation_id().split("_")]
        return " ".join([words[0].capitalize(), *words[1:]])

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring of the view, or of its `post`, since that of a list is not about what is created."""
        owner = getattr(self.view, self.method.lower()) if self.method == "POST" else type(self.view)
        return str(described(owner).get("description", ""))

    def get_tags(self) -> list[str]:
        return [next(iter(self.path.split("/")[2:]), "") or "collections"]

    def get_auth(self) -> list[Schema]:
        return [{"key": []}]

    def is_excluded(self) -> bool:
        """What an older version does not have, and second spellings of paths."""
        since: ApiVersion | None = self.view.since
        return bool(since and self.version.is_before(since)) or not self.view.documented_path(
            self.path, self.version
        )

    def _get_parameters(self) -> list[Schema]:
        found = [_place(name) for name in sorted(uritemplate.variables(self.path))]
        found += _version_parameters(self.version)
        asked: list[Parameter] = []
        if self.method == "GET":
            asked = [*(PAGING if self._is_paged() else ()), *self.view.filters]
        if hasattr(getattr(self.view, self.method.lower()), "tries"):
            asked.append(DRY_RUN)
        if self._takes_if_match():
            asked.append(IF_MATCH)
        return found + [
            {"name": one.name, "in": one.place, "description": one.description, "schema": dict(one.schema)}
            for one in asked
        ]

    def _is_paged(self) -> bool:
        response = self.view.responses.get("GET")
        return bool(response and issubclass(response, Page) and self.view.pages)

    def _has_etag(self) -> bool:
        response = self.view.responses.get(self.method)
        whole = response is not None and not issubclass(response, Page)
        return bool(whole and self.view.has_etag and self.version.generation > 1)

    def _takes_if_match(self) -> bool:
        wanted = self.method in ("PATCH", "DELETE") and self.view.has_etag
        return bool(wanted and self.version.generation > 1)

    def get_request_serializer(self) -> Any:
        return self.view.requests.get(self.method)

    def map_parsers(self) -> list[str]:
        return [MERGE_PATCH, JSON] if self.method == "PATCH" else [JSON]

    def map_renderers(self, attribute: str) -> list[str]:
        return [JSON]

    def get_response_serializers(self) -> Any:
        response: type[ResponseSchema] | None = self.view.responses.get(self.method)
        statuses = self.view.success(self.method, self.version)
        found = {status: OpenApiResponse(response, _done(status, response)) for status in statuses}
        if hasattr(getattr(self.view, self.method.lower()), "tries"):
            found[200] = _dry_run(response, self.method, found.get(200))
        refused = self._refusals()
        return found | {status: OpenApiResponse(Errors, _REFUSALS[status]) for status in refused}

    def _refusals(self) -> list[int]:
        found = {400, 401, 403, 406, 429, 500, 503}
        found |= {404} if "{" in self.path else set()
        found |= {409} if self.method != "GET" else set()
        found |= {413, 415} if self.method in self.view.requests else set()
        found |= {412} if self._takes_if_match() else set()
        return sorted(found)

    def _get_response_headers_for_code(self, status_code: str, direction: Direction = "response") -> Schema:
        headers: Schema = {}
        if self._has_etag() and status_code in ("200", "201"):
            headers["ETag"] = {"description": "For If-Match.", "schema": {"type": "string"}}
        if status_code in ("429", "503"):
            headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "string"}}
        return headers

    def _map_serializer(
        self, serializer: Any, direction: Direction, bypass_extensions: bool = False
    ) -> Schema:
        if isinstance(serializer, RequestSchema):
            schema: Schema = body_schema(serializer, self.version, self.view.changes)
            example = example_of(serializer, self.version, self.view.changes)
            return schema | ({"examples": [example]} if example else {})
        found: Schema = super()._map_serializer(serializer, direction, bypass_extensions)
        return found

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:
        """Request bodies are named after what they create or change: VPNGatewayCreate."""
        what: type[ResponseSchema] = self.view.responses[self.method]
        return what.__name__ + {"POST": "Create", "PUT": "Replace"}.get(self.method, "Patch")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-2] if name.endswith("xes") else name.removesuffix("s")


def _place(name: str) -> Schema:
    noun = " ".join(_SPELLINGS.get(word, word) for word in name.removesuffix("_id").split("_"))
    text, schema = _PLACES.get(name, (f"The id of the {noun}.", {"type": "string", "format": "uuid"}))
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _version_parameters(version: ApiVersion) -> list[Schema]:
    day = version.date.isoformat()
    dated = {
        "name": "version",
        "in": "query",
        "required": True,
        "description": "The version date that this document describes.",
        "schema": {"type": "string", "format": "date", "enum": [day]},
    }
    generation = {
        "name": "generation",
        "in": "query",
        "required": version.generation > 1 or version.date >= GENERATION_REQUIRED,
        "description": "The API generation that this document describes.",
        "schema": {"type": "integer", "enum": [version.generation]},
    }
    return [dated, generation]


def _dry_run(
    response: type[ResponseSchema] | None, method: str, done: OpenApiResponse | None
) -> OpenApiResponse:
    """A PATCH responds with 200 either way, PUT and DELETE only with a dry run."""
    if response is None:
        return OpenApiResponse(DryRun, "With dry_run: the result; nothing is changed.")
    tried = dry_run_of(response, method)
    if done is None:
        return OpenApiResponse(tried, "The result of the dry run; nothing was created.")
    either = type(f"{response.__name__}OrDryUpdate", (ResponseSchema,), {"one_of": (response, tried)})
    return OpenApiResponse(either, f"{done.description} With dry_run: the result; nothing is changed.")


def _done(status: int, response: type[ResponseSchema] | None) -> str:
    """The description of a success."""
    if response is None:
        return {201: "Added.", 202: "It is being deleted."}.get(status, "Done; there is no body.")
    return described(response).get("description") or response.__name__
