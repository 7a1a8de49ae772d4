"""The account's resource groups, which responses of every kind refer to."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api import responses as schemas
from console.core.api.links import Links, format_timestamp
from console.core.api.views import ApiView
from console.core.errors import not_found
from console.core.models import ResourceGroup


def resource_group_reference(group: ResourceGroup, links: Links) -> dict[str, Any]:
    return {"id": group.id, "href": links.href("resource_groups", group.id), "name": group.name}


class ResourceGroupsView(ApiView):
    """The account's resource groups."""

    responses = {"GET": schemas.ResourceGroupList}

    def get(self, request: Request) -> Response:
        groups = ResourceGroup.objects.filter(account_id=self.actor.account_id).order_by("created_at", "id")
        return Response({"resource_groups": [_group_body(group, self.links) for group in groups]})


class ResourceGroupView(ApiView):
    """One resource group."""

    responses = {"GET": schemas.ResourceGroup}

    def get(self, request: Request, group_id: str) -> Response:
        mine = ResourceGroup.objects.filter(account_id=self.actor.account_id)
        # PostgreSQL does not take every character that a path can hold.
        group = mine.filter(pk=group_id).first() if group_id.isalnum() else None
        if group is None:
            raise not_found("not_found", "resource group", group_id[:64])
        return Response(_group_body(group, self.links))


def _group_body(group: ResourceGroup, links: Links) -> dict[str, Any]:
    body = resource_group_reference(group, links)
    return body | {"default": group.is_default, "created_at": format_timestamp(group.created_at)}
