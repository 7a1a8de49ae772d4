"""The document of one version: paths from the routes, bodies from what the views declare."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from console.core.api.container import Errors
from console.core.api.identity import GRANT, Token
from console.core.api.openapi.operations import Operation
from console.core.api.openapi.schemas import Schema, reference_schema, table_schema
from console.core.api.response_schema import ResponseSchema
from console.core.api.responses import COLLECTIONS
from console.core.api.versions import FORMS, ApiVersion

_TITLE = "Isthmus VPN API, generation {0.generation}"
_ABOUT = """\
VPN gateways, connections and policies, in the form that requests with `version={0.date}` and
`generation={0.generation}` read and write.

- **Authentication**: `Authorization: Bearer KEY` with an API key of the console, or with the token that
  `POST /identity/token` gives for one.
- **Errors** have one form: `errors[]`, each with a code that the manual explains, and `trace`.
- **Lists** are paginated: follow `next.href` until it is missing.
- **`?dry_run=true`** with a POST checks everything and creates nothing. With PATCH, PUT and DELETE of what
  may end a tunnel it changes nothing, and `interrupted_connections` says how many tunnels would end.
"""
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key of the console, or a token that was given for one.",
}


class Generator(SchemaGenerator):
    """Covers the views under /v1, all of which are `ApiView`s. Without a version, as in a deployment
    check, it is the newest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "api_version": kwargs.get("api_version") or FORMS[-1]})

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        """Gives each view a schema class of the version."""
        view = super().create_view(callback, method, request)
        kind = type("Operation", (Operation,), {"version": self.api_version})
        schema: AutoSchema = kind()
        schema.view = view
        self._set_schema_to_view(view, schema)
        return view

    def coerce_path(self, path: str, method: str, view: Any) -> str:
        """Before 2024-04-30 a CIDR of a connection is given in two parts (contract section 2.3)."""
        return re.sub(r"/(local|peer)_cidrs/{cidr}", r"/\1_cidrs/{prefix_address}/{prefix_length}", path)


@lru_cache(maxsize=16)
def document(version: ApiVersion) -> Schema:
    """The OpenAPI document; the routes do not change while the process runs."""
    generator = Generator(api_version=version)
    found: Schema = generator.get_schema(public=True)
    found["info"] = {
        "title": _TITLE.format(version),
        "version": version.date.isoformat(),
        "description": _ABOUT.format(version),
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    found["externalDocs"] = {"description": "The manual", "url": f"{settings.PUBLIC_URL}/manual/api"}
    found["tags"] = [{"name": name} for name in (*COLLECTIONS, "collections", "identity")]
    # Without one, clients use the address of the document.
    if settings.PUBLIC_URL:
        found["servers"] = [{"url": settings.PUBLIC_URL}]
    found["components"]["schemas"]["Reference"] = reference_schema()
    found["components"]["securitySchemes"] = {"key": _BEARER}
    found["paths"]["/identity/token"] = {"post": _TOKEN}
    return found


def _of(*names: str, **more: Any) -> Schema:
    properties = {name: {"type": "string"} for name in names} | more
    return {"type": "object", "properties": properties, "required": [*properties]}


def _reference_of(table: type[ResponseSchema]) -> Schema:
    return {"$ref": f"#/components/schemas/{table.__name__}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


_ERRORS = _json(_reference_of(Errors))
_TOKEN = {
    "operationId": "create_token",
    "summary": "Get a token for an API key",
    "description": "A bearer token that lives for a short time, as official clients ask for one.",
    "tags": ["identity"],
    "security": [],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": _of("apikey", grant_type={"type": "string", "enum": [GRANT]})
            }
        },
    },
    "responses": {
        "200": {"description": "The token.", "content": _json(table_schema(Token, FORMS[-1], _reference_of))},
        "400": {"description": "Another kind of grant.", "content": _ERRORS},
        "401": {"description": "The key is unknown, expired or revoked.", "content": _ERRORS},
    },
}
