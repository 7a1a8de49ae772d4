"""Response schemas, newest form, for the OpenAPI document. They do not build responses.

Bodies are plain dicts made in `bodies`; tests check the responses of every version against these.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from rest_framework import serializers

from console.core.api.pagination import MAX_LIMIT
from console.core.api.versions import ApiVersion


class ResponseSchema(serializers.Serializer[Any]):
    """An object. `since` and `until` name the fields that not every version has: from the version
    of `since` on, and before that of `until`."""

    since: ClassVar[Mapping[str, ApiVersion]] = {}
    until: ClassVar[Mapping[str, ApiVersion]] = {}

    @classmethod
    def has(cls, name: str, version: ApiVersion) -> bool:
        """Whether the version's form has the field."""
        begins, ends = cls.since.get(name), cls.until.get(name)
        return not (begins and version.is_before(begins)) and not (ends and not version.is_before(ends))


class Href(ResponseSchema):
    href = serializers.URLField()


class Page(ResponseSchema):
    """One page of a list; `next` is present where another page exists."""

    first = Href()
    next = Href(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT)
    total_count = serializers.IntegerField(min_value=0)


def listed(
    key: str, item: type[ResponseSchema], *, name: str = "", base: type[ResponseSchema] = ResponseSchema
) -> type[ResponseSchema]:
    """An object with the items in a list under `key`; with `base=Page` one of its pages."""
    kind = name or f"{item.__name__}List"
    return type(kind, (base,), {key: item(many=True), "__doc__": f"A list of {key.replace('_', ' ')}."})


def paged(key: str, item: type[ResponseSchema], *, name: str = "") -> type[ResponseSchema]:
    """One page of the items, in a list under `key`."""
    return listed(key, item, name=name, base=Page)


class Reason(ResponseSchema):
    """Why something is as it is, in plain words."""

    code = serializers.CharField()
    message = serializers.CharField()


class Target(ResponseSchema):
    """What an error is about. `value` is what was sent there, never a secret."""

    type = serializers.ChoiceField(("field", "parameter", "header"))
    name = serializers.CharField()
    value = serializers.JSONField(required=False)


class ErrorItem(ResponseSchema):
    """One thing that is wrong; the manual explains every code."""

    code = serializers.CharField()
    message = serializers.CharField()
    more_info = serializers.CharField()
    target = Target(required=False)


# Serializers have an attribute of this name themselves.
Errors = type(
    "Errors",
    (ResponseSchema,),
    {
        "errors": ErrorItem(many=True),
        "trace": serializers.CharField(),
        "__doc__": "Every failure: all that is wrong, and the request's id to quote.",
    },
)


class WarningItem(ResponseSchema):
    """Allowed, but hardly wanted."""

    code = serializers.CharField()
    message = serializers.CharField()


_INTERRUPTED = (
    "How many connections have an established tunnel that ends completely or in part. One that only may "
    "end is named in a warning and not counted."
)


class DryRun(ResponseSchema):
    """The response of a dry run of an operation without a response body. A warning names the
    connections and says why."""

    dry_run = serializers.BooleanField()
    interrupted_connections = serializers.IntegerField(min_value=0, help_text=_INTERRUPTED)
    warnings = WarningItem(many=True)


@cache
def dry_run_of(response: type[ResponseSchema], method: str = "POST") -> type[ResponseSchema]:
    """The response of a dry run of an operation that responds with `response`."""
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "dry_run": serializers.BooleanField(),
        "would_create": response(),
        "warnings": WarningItem(many=True),
    }
    if method == "POST":
        return type(f"{response.__name__}DryRun", (ResponseSchema,), fields)
    fields["would_update"] = fields.pop("would_create")
    fields["interrupted_connections"] = serializers.IntegerField(min_value=0, help_text=_INTERRUPTED)
    return type(f"{response.__name__}DryUpdate", (ResponseSchema,), fields)


class ResourceGroupReference(ResponseSchema):
    id = serializers.CharField()
    href = serializers.URLField()
    name = serializers.CharField()


class ResourceGroup(ResourceGroupReference):
    """A name under which resources are grouped."""

    default = serializers.BooleanField()
    created_at = serializers.DateTimeField()


ResourceGroupList = listed("resource_groups", ResourceGroup)


COLLECTIONS = (
    "vpn_gateways", "ike_policies", "ipsec_policies", "vpcs", "subnets", "instances", "regions",
    "resource_groups",
)  # fmt: skip
Root = type("Root", (ResponseSchema,), {name: Href() for name in COLLECTIONS})
