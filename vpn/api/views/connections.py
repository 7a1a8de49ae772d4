"""VPN connections, and those that use a policy (contract sections 2.2 and 2.4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.errors import InvalidParameter
from console.api.views import ApiView, path_id
from console.errors import NotFound, Violation
from policies.services import get_ike_policy, get_ipsec_policy
from vpn.api.bodies.connections import connection_bodies, connection_body
from vpn.api.shapes.gateways import ConnectionCreate, ConnectionPatch
from vpn.api.views.gateways import gateway_id_of
from vpn.models import Connection
from vpn.services.connections import (
    check_connection,
    connections_of,
    create_connection,
    delete_connection,
    get_connection,
    update_connection,
)
from vpn.services.fields import ConnectionFields
from vpn.services.gateways import get_gateway

STATUSES = ("up", "down")


class ConnectionApiView(ApiView):
    """What views of connections share."""

    def ids(self, gateway: str, connection: str) -> tuple[UUID, UUID]:
        """The ids of the path. Raises NotFound, of the gateway first."""
        gateway_id = gateway_id_of(gateway)
        try:
            return gateway_id, path_id(connection, "vpn_connection_not_found", "VPN connection")
        except NotFound:
            get_gateway(self.actor, gateway_id)
            raise

    def body(self, row: Connection) -> dict[str, Any]:
        return connection_body(row, self.links, shows_key=self.shows_keys)

    def listed(self, rows: QuerySet[Connection], path: str) -> Response:
        """One page of connections; `status` of the query narrows it."""
        filters = {}
        wanted = self.request.query_params.get("status")
        if wanted is not None:
            if wanted not in STATUSES:
                message = f"status must be one of {', '.join(STATUSES)}."
                raise InvalidParameter([Violation("validation_enum", "status", message)])
            rows, filters = rows.filter(status=wanted), {"status": wanted}
        page = self.page(rows.prefetch_related(None), path, filters=filters)
        bodies = connection_bodies(page.rows, self.links, shows_key=self.shows_keys)
        return Response(page.body("connections", bodies))


class ConnectionsView(ConnectionApiView):
    """The connections of one VPN gateway, newest first."""

    shapes = {"POST": ConnectionCreate}

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.listed(connections_of(gateway), f"vpn_gateways/{gateway.pk}/connections")

    def post(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway_id = gateway_id_of(vpn_gateway_id)

        def check(fields: ConnectionFields) -> list[Violation]:
            return check_connection(self.actor, fields, gateway=get_gateway(self.actor, gateway_id))

        row = create_connection(self.actor, gateway_id, self.read(ConnectionCreate, check=check))
        return Response(self.body(row), status=201)


class ConnectionView(ConnectionApiView):
    """One VPN connection. CIDRs are changed under local_cidrs and peer_cidrs."""

    shapes = {"PATCH": ConnectionPatch}

    def get(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        row = get_connection(self.actor, *self.ids(vpn_gateway_id, connection_id))
        return self.answer(self.body(row))

    def patch(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        ids = self.ids(vpn_gateway_id, connection_id)
        return self.answer(
            self.body(
                update_connection(
                    self.actor, *ids, self.read(ConnectionPatch, of=lambda: get_connection(self.actor, *ids))
                )
            )
        )

    def delete(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        delete_connection(self.actor, *self.ids(vpn_gateway_id, connection_id))
        return Response(status=self.version.deleted_status)


class IKEPolicyConnectionsView(ConnectionApiView):
    """The connections that use an IKE policy."""

    name = "Connections of an IKE policy"

    def get(self, request: Request, ike_policy_id: str) -> Response:
        ident = path_id(ike_policy_id, "ike_policy_not_found", "IKE policy")
        policy = get_ike_policy(self.actor, ident)
        rows = _whole(Connection.objects.filter(ike_policy=policy))
        return self.listed(rows, f"ike_policies/{policy.pk}/connections")


class IPsecPolicyConnectionsView(ConnectionApiView):
    """The connections that use an IPsec policy."""

    name = "Connections of an IPsec policy"

    def get(self, request: Request, ipsec_policy_id: str) -> Response:
        ident = path_id(ipsec_policy_id, "ipsec_policy_not_found", "IPsec policy")
        policy = get_ipsec_policy(self.actor, ident)
        rows = _whole(Connection.objects.filter(ipsec_policy=policy))
        return self.listed(rows, f"ipsec_policies/{policy.pk}/connections")


def _whole(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    return rows.select_related("ike_policy", "ipsec_policy")
