"""The account's resource groups, which responses of every kind refer to."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api import responses as schemas
from console.core.api.views import ApiView
from console.core.errors import not_found
from console.core.models import ResourceGroup


class ResourceGroupsView(ApiView):
    """The account's resource groups."""

    responses = {"GET": schemas.ResourceGroupList}

    def get(self, request: Request) -> Response:
        groups = ResourceGroup.objects.filter(account_id=self.actor.account_id).order_by("created_at", "id")
        return self.respond(groups)


class ResourceGroupView(ApiView):
    """One resource group."""

    responses = {"GET": schemas.ResourceGroup}

    def get(self, request: Request, group_id: str) -> Response:
        mine = ResourceGroup.objects.filter(account_id=self.actor.account_id)
        # PostgreSQL does not take every character that a path can hold.
        group = mine.filter(pk=group_id).first() if group_id.isalnum() else None
        if group is None:
            raise not_found("not_found", "resource group", group_id[:64])
        return self.respond(group)
