"""Members of VPN gateways, and the objects of gateways in route mode (contract section 2.1)."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.errors import InvalidParameter
from console.core.api.pagination import Page
from console.core.api.versions import GENERATION_2, ApiVersion
from console.core.api.views import ApiView, path_id
from console.core.errors import Invalid, NotFound, Violation, not_found
from vpn.api.requests.gateways import MemberBody
from vpn.api.responses.gateways import (
    AdvertisedCidrs,
    ServiceConnection,
    ServiceConnectionList,
    VPNGatewayMember,
    VPNGatewayMemberList,
)
from vpn.api.views.cidrs import plain_cidr
from vpn.api.views.gateways import gateway_id_of
from vpn.models import Connection
from vpn.services.gateways import advertise_cidr, get_gateway, get_member, replace_member


def _member_ids(gateway: str, member: str) -> tuple[UUID, UUID]:
    return gateway_id_of(gateway), path_id(member, "not_found", "member of this VPN gateway")


class MemberApiView(ApiView):
    """The base of the views of members."""

    since = GENERATION_2


class MembersView(MemberApiView):
    """The two members of a gateway: one active, one standby."""

    responses = {"GET": VPNGatewayMemberList}
    pages = False

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        members = list(gateway.members.all())
        href = self.links.href(f"vpn_gateways/{gateway.pk}", "members")
        return self.respond(Page(members, limit=len(members), total_count=len(members), first=href))


class MemberView(MemberApiView):
    """One member of a gateway. It stays in the subnet of its gateway: replacing it is refused."""

    requests = {"PUT": MemberBody}
    responses = {"GET": VPNGatewayMember, "PUT": VPNGatewayMember}
    unsupported_methods = ("PUT",)

    def get(self, request: Request, vpn_gateway_id: str, member_id: str) -> Response:
        member, _ = get_member(self.actor, *_member_ids(vpn_gateway_id, member_id))
        return self.respond(member)

    def put(self, request: Request, vpn_gateway_id: str, member_id: str) -> Response:
        ids = _member_ids(vpn_gateway_id, member_id)
        self.read(MemberBody, of=lambda: get_member(self.actor, *ids))
        replace_member(self.actor, *ids)
        return Response(status=400)


class AdvertisedCidrsView(ApiView):
    """The CIDRs that a gateway advertises: none, since route mode is not supported."""

    since = GENERATION_2
    responses = {"GET": AdvertisedCidrs}

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.respond(None)


class AdvertisedCidrView(ApiView):
    """One advertised CIDR. There is none, and changes are refused: route mode is not supported."""

    since = GENERATION_2
    unsupported_methods = ("PUT", "DELETE")

    @classmethod
    def success(cls, method: str, version: ApiVersion) -> tuple[int, ...]:
        return (204,) if method == "GET" else ()

    def get(self, request: Request, vpn_gateway_id: str, cidr: str) -> Response:
        get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        message = f"The gateway does not advertise {plain_cidr(cidr)[:64]}; only route mode does that."
        raise NotFound([Violation("not_found", "cidr", message)])

    def put(self, request: Request, vpn_gateway_id: str, cidr: str) -> Response:
        try:
            advertise_cidr(self.actor, gateway_id_of(vpn_gateway_id))
        except Invalid as error:
            raise InvalidParameter(error.violations) from None
        return Response(status=400)

    delete = put


class ServiceConnectionsView(ApiView):
    """The connections of other services to a gateway: there are none."""

    since = GENERATION_2
    responses = {"GET": ServiceConnectionList}

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.respond(
            self.page(Connection.objects.none(), f"vpn_gateways/{gateway.pk}/service_connections")
        )


class ServiceConnectionView(ApiView):
    """A connection of another service: there is none."""

    since = GENERATION_2
    responses = {"GET": ServiceConnection}

    def get(self, request: Request, vpn_gateway_id: str, service_connection_id: str) -> Response:
        get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        raise not_found("not_found", "service connection", service_connection_id[:64])
