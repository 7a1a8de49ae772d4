"""VPN gateways (contract section 2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.dry_run import creates, refusals, updates
from console.core.api.parameters import RESOURCE_GROUP, Parameter, choice_param
from console.core.api.views import ApiView, path_id
from console.core.errors import Violation
from console.core.registry import Interruption, watch_interruptions
from vpn.api.requests.gateways import GatewayCreate, GatewayPatch
from vpn.api.responses.gateways import (
    VPNGateway,
    VPNGatewayList,
    related_to_gateway,
    related_to_gateways,
)
from vpn.api.versions import GATEWAY
from vpn.domain.checks.gateways import GATEWAY_MODES
from vpn.services.fields import GatewayFields
from vpn.services.gateways import (
    check_gateway,
    create_gateway,
    delete_gateway,
    gateways_of,
    get_gateway,
    update_gateway,
)

# Contract section 5.5.
SORTS = ("created_at", "name")
_ORDERS = [*SORTS, *(f"-{name}" for name in SORTS)]


def gateway_id_of(text: str) -> UUID:
    return path_id(text, "vpn_gateway_not_found", "VPN gateway")


class GatewayApiView(ApiView):
    """The base of the views of gateways."""

    changes = GATEWAY


def _flat(given: dict[str, Any]) -> GatewayFields:
    """The fields, with `members` as a list of their subnets."""
    if "members" not in given:
        return cast(GatewayFields, given)
    places = [member.get("private_ip", {}).get("subnet", {}) for member in given["members"]]
    return cast(GatewayFields, {**given, "members": places})


class GatewaysView(GatewayApiView):
    """The account's VPN gateways, newest first or as `sort` says."""

    requests = {"POST": GatewayCreate}
    responses = {"GET": VPNGatewayList, "POST": VPNGateway}
    filters = (
        RESOURCE_GROUP,
        Parameter("sort", "Newest first without it.", {"type": "string", "enum": _ORDERS}),
        Parameter("mode", "Only those of this mode.", {"type": "string", "enum": [*GATEWAY_MODES]}),
    )

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(gateways_of(self.actor))
        mode = request.query_params.get("mode")
        if mode is not None:
            rows = rows.filter(mode=choice_param("mode", mode, GATEWAY_MODES))
            filters = {**filters, "mode": mode}
        page = self.page(rows, "vpn_gateways", filters=filters, sorts=SORTS)
        related = related_to_gateways(page.rows)
        # Without gateways whose deletion has ended since the rows were read.
        still = [row for row in page.rows if row.id in related.members]
        return self.respond(replace(page, rows=still), related)

    @creates
    def post(self, request: Request) -> Response:
        def check(given: dict[str, Any]) -> list[Violation]:
            return check_gateway(self.actor, _flat(given))

        gateway = create_gateway(self.actor, _flat(self.fields(GatewayCreate, check=check)))
        return self.respond(gateway, related_to_gateway(gateway), status=201)


class GatewayView(GatewayApiView):
    """One VPN gateway. Deleting it deletes its connections; policies are kept."""

    requests = {"PATCH": GatewayPatch}
    responses = {"GET": VPNGateway, "PATCH": VPNGateway}
    deletes_later = True

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.respond(gateway, related_to_gateway(gateway))

    def patch(self, request: Request, vpn_gateway_id: str) -> Response:
        ident = gateway_id_of(vpn_gateway_id)
        check = refusals(lambda given: update_gateway(self.actor, ident, given))
        fields = self.fields(GatewayPatch, of=lambda: get_gateway(self.actor, ident), check=check)
        gateway = update_gateway(self.actor, ident, fields)
        return self.respond(gateway, related_to_gateway(gateway))

    def interruptions(self, vpn_gateway_id: str) -> Callable[[], list[Interruption]]:
        mine = gateways_of(self.actor)
        return watch_interruptions(mine.filter(pk=gateway_id_of(vpn_gateway_id)).first())

    @updates
    def delete(self, request: Request, vpn_gateway_id: str) -> Response:
        delete_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.deleted()
