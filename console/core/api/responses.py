"""Objects of responses that belong to no product: pages, dry runs, resource groups.

Those of errors are in `container`.
"""

from __future__ import annotations

from console.core.api.pagination import MAX_LIMIT
from console.core.api.response_schema import (
    BOOLEAN,
    COUNT,
    STRING,
    TIMESTAMP,
    URL,
    Always,
    Field,
    JsonType,
    Many,
    Rendered,
    ResponseSchema,
    attribute,
    item,
    link_to,
    same_row,
)


class Href(ResponseSchema):
    href = Field(URL, same_row)


class Page(ResponseSchema):
    """One page of a list, made of a `pagination.Page`; `next` is present where another page exists."""

    first = Field(Href)
    limit = Field(JsonType({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}))
    total_count = Field(COUNT)


def listed(key: str, schema: type[ResponseSchema]) -> type[ResponseSchema]:
    """An object whose only field `key` is the list of all rows."""
    return _list(ResponseSchema, schema, {key: Field(Many(schema), same_row)}, key)


def paged(key: str, schema: type[ResponseSchema]) -> type[ResponseSchema]:
    """One page, with its rows in a list under `key`."""
    rows = Field(Many(schema), attribute("rows"))
    return _list(Page, schema, {key: rows, "next": Field(Href, optional=True)}, key)


def _list(
    base: type[ResponseSchema], schema: type[ResponseSchema], fields: dict[str, Field], key: str
) -> type[ResponseSchema]:
    text = f"A list of {key.replace('_', ' ')}."
    return type(f"{schema.__name__}List", (base,), {**fields, "__doc__": text})


class Reason(ResponseSchema):
    """Why something is as it is, in plain words."""

    code = Field(STRING, item("code"))
    message = Field(STRING, item("message"))


# Of JSON columns, which may have more.
REASONS = Many(Reason)


class WarningItem(ResponseSchema):
    """Allowed, but hardly wanted."""

    code = Field(STRING)
    message = Field(STRING)


_INTERRUPTED = (
    "How many connections have an established tunnel that ends completely or in part. One that only may "
    "end is named in a warning and not counted."
)
_IS_DRY_RUN = Field(BOOLEAN, Always(True))
_COUNTED = Field(COUNT, description=_INTERRUPTED)
_WARNINGS = Field(Many(WarningItem))


class DryRun(ResponseSchema):
    """The response of a dry run of an operation without a response body. A warning names the
    connections and says why."""

    dry_run = _IS_DRY_RUN
    interrupted_connections = _COUNTED
    warnings = _WARNINGS


def dry_run_of(response: type[ResponseSchema], method: str = "POST") -> type[ResponseSchema]:
    """The response of a dry run of an operation that responds with `response`; the same class each time."""
    kind, verb = ("DryRun", "would_create") if method == "POST" else ("DryUpdate", "would_update")
    name = f"{response.__name__}{kind}"
    if name not in _dry_runs:
        counted = {} if method == "POST" else {"interrupted_connections": _COUNTED}
        would_be = Field(Rendered(response), attribute("body"))
        fields = {"dry_run": _IS_DRY_RUN, verb: would_be, **counted, "warnings": _WARNINGS}
        _dry_runs[name] = type(name, (ResponseSchema,), fields)
    return _dry_runs[name]


_dry_runs: dict[str, type[ResponseSchema]] = {}


class ResourceGroupReference(ResponseSchema, shared=True):
    id = Field(STRING)
    href = Field(URL, link_to("resource_groups"))
    name = Field(STRING)


class ResourceGroup(ResourceGroupReference):
    """A name under which resources are grouped."""

    default = Field(BOOLEAN, attribute("is_default"))
    created_at = Field(TIMESTAMP)


ResourceGroupList = listed("resource_groups", ResourceGroup)


COLLECTIONS = (
    "vpn_gateways", "ike_policies", "ipsec_policies", "vpcs", "subnets", "instances", "regions",
    "resource_groups",
)  # fmt: skip


def _collection(name: str) -> Field:
    return Field(Href, lambda row, context: f"{context.links.base}/{name}")


Root = type("Root", (ResponseSchema,), {name: _collection(name) for name in COLLECTIONS})
