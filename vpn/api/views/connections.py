"""VPN connections, and those that use a policy (contract sections 2.2 and 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from console.core.actor import Role
from console.core.api.dry_run import DryRunWarning, asked, creates, refusals, updates
from console.core.api.parameters import Parameter, choice_param
from console.core.api.views import ApiView, path_id
from console.core.errors import NotFound, Outdated, Violation
from console.core.registry import Interruption
from policies.services import get_ike_policy, get_ipsec_policy
from policies.strength import describe_warning, warnings_of
from vpn.api.etag import etag_of
from vpn.api.requests.gateways import ConnectionCreate, ConnectionPatch
from vpn.api.responses.connections import (
    VPNGatewayConnection,
    VPNGatewayConnectionList,
    related_to_connection,
    related_to_connections,
)
from vpn.api.versions import CONNECTION
from vpn.api.views.gateways import gateway_id_of
from vpn.domain.spec import DpdAction
from vpn.models import Connection
from vpn.services.connection_checks import check_connection
from vpn.services.connections import (
    connections_of,
    create_connection,
    delete_connection,
    get_connection,
    role_to_change,
    update_connection,
)
from vpn.services.fields import ConnectionFields
from vpn.services.gateways import get_gateway
from vpn.services.interruptions import watch_interruptions
from vpn.services.keys import disclose_keys

STATUSES = ("up", "down")
STATUS = Parameter("status", "Only those in this state.", {"type": "string", "enum": [*STATUSES]})
# 20 random letters and digits are 119 bits; NIST SP 800-77 requires at least 112.
SHORT_KEY = 20


class ConnectionApiView(ApiView):
    """The base of the views of connections."""

    changes = CONNECTION

    def ids(self, gateway: str, connection: str) -> tuple[UUID, UUID]:
        """The ids of the path. Raises NotFound, of the gateway first."""
        gateway_id = gateway_id_of(gateway)
        try:
            return gateway_id, path_id(
                connection, "vpn_connection_not_found", "VPN connection", "VPN gateway"
            )
        except NotFound:
            get_gateway(self.actor, gateway_id)
            raise

    def interruptions(
        self, vpn_gateway_id: str, connection_id: str, **_: str
    ) -> Callable[[], list[Interruption]]:
        gateway, connection = self.ids(vpn_gateway_id, connection_id)
        mine = Connection.objects.owned_by(self.actor)
        return watch_interruptions(mine.filter(gateway=gateway, pk=connection))

    def shows_key(self, row: Connection) -> bool:
        """A dry run shows only a key that the caller has just sent: for any other one the audit event would
        be rolled back with the dry run."""
        if asked(self.request):
            return self.actor.may_read_psk and "psk" in self.sent
        return disclose_keys(self.actor, [row])

    def respond_page(self, rows: QuerySet[Connection], path: str) -> Response:
        """One page of connections, filtered by `status` of the query."""
        filters = {}
        wanted = self.request.query_params.get("status")
        if wanted is not None:
            rows = rows.filter(status=choice_param("status", wanted, STATUSES))
            filters = {"status": wanted}
        page = self.page(rows.prefetch_related(None), path, filters=filters)
        shows_key = disclose_keys(self.actor, page.rows)
        return self.respond(page, related_to_connections(page.rows, shows_key=shows_key))

    def respond_connection(self, row: Connection, *, status: int = 200) -> Response:
        """One connection; in generation 2 with an ETag for If-Match."""
        related = related_to_connection(row, shows_key=self.shows_key(row))
        response = self.respond(row, related, status=status)
        if self.version.generation > 1:
            response["ETag"] = etag_of(row)
        return response

    def require_match(self, row: Connection) -> None:
        """Raises Outdated if If-Match has another ETag than the current one."""
        wanted = self.request.META.get("HTTP_IF_MATCH")
        if self.version.generation == 1 or wanted is None or wanted.strip() == "*":
            return
        if etag_of(row) not in (tag.strip().removeprefix("W/") for tag in wanted.split(",")):
            message = "The connection has been changed since; get it again and compare."
            raise Outdated([Violation("precondition_failed", "If-Match", message)])


class ConnectionsView(ConnectionApiView):
    """The connections of one VPN gateway, newest first."""

    requests = {"POST": ConnectionCreate}
    responses = {"GET": VPNGatewayConnectionList, "POST": VPNGatewayConnection}
    filters = (STATUS,)
    has_etag = True
    made: Connection

    def shows_key(self, row: Connection) -> bool:
        """Showing a key that the caller has just sent discloses nothing."""
        return self.actor.may_read_psk

    def get(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway = get_gateway(self.actor, gateway_id_of(vpn_gateway_id))
        return self.respond_page(connections_of(gateway), f"vpn_gateways/{gateway.pk}/connections")

    @creates
    def post(self, request: Request, vpn_gateway_id: str) -> Response:
        gateway_id = gateway_id_of(vpn_gateway_id)

        def check(given: ConnectionFields) -> list[Violation]:
            return check_connection(self.actor, given, gateway=get_gateway(self.actor, gateway_id))

        self.made = create_connection(self.actor, gateway_id, self.fields(ConnectionCreate, check=check))
        return self.respond_connection(self.made, status=201)

    def warnings(self, body: Mapping[str, Any]) -> Iterable[DryRunWarning]:
        row = self.made
        for policy in (row.ike_policy, row.ipsec_policy):
            if policy is not None:
                for weak in warnings_of(policy):
                    yield DryRunWarning(
                        "weak_algorithm", f"The policy {policy.name}: {describe_warning(weak)}"
                    )
        if len(row.known_psk() or "") < SHORT_KEY:
            message = (
                f"The pre-shared key has fewer than {SHORT_KEY} characters; a longer one is harder to guess."
            )
            yield DryRunWarning("short_key", message)
        if row.dpd_action == DpdAction.NONE:
            message = (
                "Without dead peer detection, an idle tunnel notices a dead peer only at the next rekeying."
            )
            yield DryRunWarning("no_dead_peer_detection", message)


class ConnectionView(ConnectionApiView):
    """One VPN connection. CIDRs are changed under local_cidrs and peer_cidrs."""

    requests = {"PATCH": ConnectionPatch}
    responses = {"GET": VPNGatewayConnection, "PATCH": VPNGatewayConnection}
    has_etag = True
    deletes_later = True

    def role_for(self, names: Collection[str]) -> Role:
        return role_to_change(names)

    def get(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        row = get_connection(self.actor, *self.ids(vpn_gateway_id, connection_id))
        return self.respond_connection(row)

    @updates
    def patch(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        ids = self.ids(vpn_gateway_id, connection_id)

        check = refusals(lambda given: update_connection(self.actor, *ids, given))
        fields = self.fields(ConnectionPatch, of=lambda: get_connection(self.actor, *ids), check=check)
        return self.respond_connection(update_connection(self.actor, *ids, fields, guard=self.require_match))

    @updates
    def delete(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        ids = self.ids(vpn_gateway_id, connection_id)
        delete_connection(self.actor, *ids, guard=self.require_match)
        return self.deleted()


class IKEPolicyConnectionsView(ConnectionApiView):
    """The connections that use an IKE policy."""

    name = "Connections of an IKE policy"
    responses = {"GET": VPNGatewayConnectionList}
    filters = (STATUS,)

    def get(self, request: Request, ike_policy_id: str) -> Response:
        ident = path_id(ike_policy_id, "ike_policy_not_found", "IKE policy")
        policy = get_ike_policy(self.actor, ident)
        rows = _with_related(Connection.objects.filter(ike_policy=policy))
        return self.respond_page(rows, f"ike_policies/{policy.pk}/connections")


class IPsecPolicyConnectionsView(ConnectionApiView):
    """The connections that use an IPsec policy."""

    name = "Connections of an IPsec policy"
    responses = {"GET": VPNGatewayConnectionList}
    filters = (STATUS,)

    def get(self, request: Request, ipsec_policy_id: str) -> Response:
        ident = path_id(ipsec_policy_id, "ipsec_policy_not_found", "IPsec policy")
        policy = get_ipsec_policy(self.actor, ident)
        rows = _with_related(Connection.objects.filter(ipsec_policy=policy))
        return self.respond_page(rows, f"ipsec_policies/{policy.pk}/connections")


def _with_related(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    return rows.select_related("gateway", "ike_policy", "ipsec_policy")
