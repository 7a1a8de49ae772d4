"""Local and peer CIDRs of a connection, one by one (contract section 2.3).

Every spelling of the path leads here: two segments, one with %2F, and local/cidrs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.dry_run import updates
from console.core.api.errors import InvalidParameter
from console.core.api.response_schema import ResponseSchema
from console.core.api.versions import OBJECTS, ApiVersion
from console.core.errors import Invalid, NotFound, Violation
from vpn.api.responses.connections import LocalCidrs, PeerCidrs
from vpn.api.views.connections import ConnectionApiView
from vpn.services.cidrs import Side, add_cidr, has_cidr, remove_cidr
from vpn.services.connections import cidrs_of, get_connection


class CidrApiView(ConnectionApiView):
    """The base of the views of CIDRs."""

    @classmethod
    def documented_path(cls, path: str, version: ApiVersion) -> bool:
        """Under local/ and peer/ since these objects exist (contract section 2.3)."""
        return ("_cidrs" in path) == version.is_before(OBJECTS)


class CidrsView(CidrApiView):
    """All CIDRs of one side."""

    responses: Mapping[str, type[ResponseSchema]] = {"GET": LocalCidrs}

    side: ClassVar[Side] = "local"

    def get(self, request: Request, vpn_gateway_id: str, connection_id: str) -> Response:
        row = get_connection(self.actor, *self.ids(vpn_gateway_id, connection_id))
        local, peer = cidrs_of(row)
        return self.respond(local if self.side == "local" else peer)


class CidrView(CidrApiView):
    """One CIDR: whether the connection has it (GET), add it (PUT), remove it (DELETE). Bodies are ignored."""

    side: ClassVar[Side] = "local"

    def get(self, request: Request, vpn_gateway_id: str, connection_id: str, cidr: str) -> Response:
        wanted = plain_cidr(cidr)
        if not has_cidr(self.actor, *self.ids(vpn_gateway_id, connection_id), self.side, wanted):
            message = f"The connection has no {self.side} CIDR {wanted[:64]}."
            raise NotFound([Violation("vpn_connection_cidr_not_found", "cidr", message)])
        return Response(status=204)

    @updates
    def put(self, request: Request, vpn_gateway_id: str, connection_id: str, cidr: str) -> Response:
        ids = self.ids(vpn_gateway_id, connection_id)
        try:
            added = add_cidr(self.actor, *ids, self.side, plain_cidr(cidr))
        except Invalid as error:
            raise InvalidParameter(error.violations) from None
        return Response(status=201 if added and not self.version.is_before(OBJECTS) else 204)

    @classmethod
    def success(cls, method: str, version: ApiVersion) -> tuple[int, ...]:
        return (201, 204) if method == "PUT" and not version.is_before(OBJECTS) else (204,)

    @updates
    def delete(self, request: Request, vpn_gateway_id: str, connection_id: str, cidr: str) -> Response:
        ids = self.ids(vpn_gateway_id, connection_id)
        try:
            remove_cidr(self.actor, *ids, self.side, plain_cidr(cidr))
        except Invalid as error:
            raise InvalidParameter(error.violations) from None
        return Response(status=204)


class PeerCidrsView(CidrsView):
    """All peer CIDRs."""

    responses = {"GET": PeerCidrs}

    side = "peer"


class PeerCidrView(CidrView):
    """One peer CIDR."""

    side = "peer"


def plain_cidr(cidr: str) -> str:
    """Decodes a slash that a proxy left encoded."""
    return cidr.replace("%2F", "/").replace("%2f", "/")
