"""VPN gateways (contract section 2.1)."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.api.views import ApiView, path_id
from vpn.api.bodies.gateways import gateway_bodies, gateway_body
from vpn.api.shapes.gateways import GatewayCreate, GatewayPatch
from vpn.services.fields import GatewayFields
from vpn.services.gateways import (
    check_gateway,
    create_gateway,
    delete_gateway,
    gateways_of,
    get_gateway,
    update_gateway,
)


def gateway_id_of(text: str) -> UUID:
    return path_id(text, "vpn_gateway_not_found", "VPN gateway")


class GatewaysView(ApiView):
    """The account's VPN gateways, newest first."""

    shapes = {"POST": GatewayCreate}

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(gateways_of(self.actor))
        page = self.page(rows, "vpn_gateways", filters=filters)
        return Response(page.body("vpn_gateways", gateway_bodies(page.rows, self.links)))

    def post(self, request: Request) -> Response:
        fields: GatewayFields = self.read(GatewayCreate, check=lambda f: check_gateway(self.actor, f))
        return Response(gateway_body(create_gateway(self.actor, fields), self.links), status=201)


class GatewayView(ApiView):
    """One VPN gateway. Deleting it deletes its connections; policies stay."""

    shapes = {"PATCH": GatewayPatch}

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.answer(gateway_body(gateway, self.links))

    def patch(self, request: Request, vpn_gateway_id: str) -> Response:
        ident = gateway_id_of(vpn_gateway_id)
        gateway = update_gateway(
            self.actor, ident, self.read(GatewayPatch, of=lambda: get_gateway(self.actor, ident))
        )
        return self.answer(gateway_body(gateway, self.links))

    def delete(self, request: Request, vpn_gateway_id: str) -> Response:
        delete_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return Response(status=self.version.deleted_status)
