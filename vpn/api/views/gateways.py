"""VPN gateways (contract section 2.1)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.api.dry_run import creates, refusals
from console.api.fields import Shape
from console.api.parameters import RESOURCE_GROUP, Parameter, word_of
from console.api.versions import GENERATION_2
from console.api.views import ApiView, path_id
from console.errors import Violation, not_found
from vpn.api.answers.gateways import (
    VPNGateway,
    VPNGatewayList,
    VPNGatewayMember,
    VPNGatewayMemberList,
)
from vpn.api.bodies.gateways import gateway_bodies, gateway_body, member_body
from vpn.api.shapes.gateways import GatewayCreate, GatewayPatch
from vpn.api.versions import GATEWAY, MEMBER
from vpn.domain.checks_gateways import GATEWAY_MODES
from vpn.models import Gateway
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
    """What views of gateways share."""

    changes = GATEWAY

    def fields(self, shape: type[Shape], **more: Any) -> GatewayFields:
        fields: GatewayFields = self.read(shape, **more)
        return {**fields, "generation": self.version.generation}


class GatewaysView(GatewayApiView):
    """The account's VPN gateways, newest first or as `sort` says."""

    shapes = {"POST": GatewayCreate}
    answers = {"GET": VPNGatewayList, "POST": VPNGateway}
    filters = (
        RESOURCE_GROUP,
        Parameter("sort", "Newest first without it.", {"type": "string", "enum": _ORDERS}),
        Parameter("mode", "Only those of this mode.", {"type": "string", "enum": [*GATEWAY_MODES]}),
    )

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(gateways_of(self.actor))
        mode = request.query_params.get("mode")
        if mode is not None:
            rows = rows.filter(mode=word_of("mode", mode, GATEWAY_MODES))
            filters = {**filters, "mode": mode}
        page = self.page(rows, "vpn_gateways", filters=filters, sorts=SORTS)
        bodies = [self.told(body) for body in gateway_bodies(page.rows, self.links)]
        return Response(page.body("vpn_gateways", bodies))

    @creates
    def post(self, request: Request) -> Response:
        generation = self.version.generation

        def check(fields: GatewayFields) -> list[Violation]:
            return check_gateway(self.actor, {**fields, "generation": generation})

        gateway = create_gateway(self.actor, self.fields(GatewayCreate, check=check))
        return self.answer(gateway_body(gateway, self.links), status=201)


class GatewayView(GatewayApiView):
    """One VPN gateway. Deleting it deletes its connections; policies stay."""

    shapes = {"PATCH": GatewayPatch}
    answers = {"GET": VPNGateway, "PATCH": VPNGateway}
    deletes_later = True

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.answer(gateway_body(gateway, self.links))

    def patch(self, request: Request, vpn_gateway_id: str) -> Response:
        ident = gateway_id_of(vpn_gateway_id)
        generation = self.version.generation

        def change(fields: GatewayFields) -> Gateway:
            return update_gateway(self.actor, ident, {**fields, "generation": generation})

        fields = self.fields(GatewayPatch, of=lambda: get_gateway(self.actor, ident), check=refusals(change))
        return self.answer(gateway_body(update_gateway(self.actor, ident, fields), self.links))

    def delete(self, request: Request, vpn_gateway_id: str) -> Response:
        delete_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.deleted()


class MemberApiView(ApiView):
    """What views of members share."""

    changes = MEMBER
    since = GENERATION_2


class MembersView(MemberApiView):
    """The two members of a gateway: one active, one standing by."""

    answers = {"GET": VPNGatewayMemberList}
    pages = False

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        members = [self.told(member_body(row, gateway, self.links)) for row in gateway.members.all()]
        href = self.links.href(f"vpn_gateways/{gateway.pk}", "members")
        page = {"first": {"href": href}, "limit": len(members), "total_count": len(members)}
        return Response({**page, "members": members})


class MemberView(MemberApiView):
    """One member of a gateway."""

    answers = {"GET": VPNGatewayMember}

    def get(self, request: Request, vpn_gateway_id: str, member_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        ident = path_id(member_id, "not_found", "member", "VPN gateway")
        member = gateway.members.filter(pk=ident).first()
        if member is None:
            raise not_found("not_found", "member", ident, "VPN gateway")
        return self.answer(member_body(member, gateway, self.links))
