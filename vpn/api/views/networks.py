"""VPCs and their address prefixes, regions and zones (contract section 2.5)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.dry_run import creates, refusals
from console.core.api.links import Links
from console.core.api.parameters import RESOURCE_GROUP, Parameter, flag_param
from console.core.api.views import ApiView, path_id
from console.core.errors import not_found
from vpn.api import versions
from vpn.api.bodies.networks import address_prefix_body, region_body, vpc_body, zone_body
from vpn.api.requests.networks import AddressPrefixCreate, AddressPrefixPatch, VpcCreate, VpcPatch
from vpn.api.responses.networks import VPC, AddressPrefixList, Region, RegionList, VPCList, Zone, ZoneList
from vpn.api.responses.networks import AddressPrefix as AddressPrefixAnswer
from vpn.domain.cidrs import parse_cidr
from vpn.models import AddressPrefix, Subnet, Vpc
from vpn.services.networks import (
    create_address_prefix,
    create_vpc,
    delete_address_prefix,
    delete_vpc,
    get_address_prefix,
    get_vpc,
    update_address_prefix,
    update_vpc,
)


class RegionsView(ApiView):
    """The one region that is served here."""

    responses = {"GET": RegionList}

    def get(self, request: Request) -> Response:
        return Response({"regions": [region_body(self.links)]})


class RegionView(ApiView):
    """The region."""

    responses = {"GET": Region}

    def get(self, request: Request, region_name: str) -> Response:
        _known_region(region_name, self.links)
        return Response(region_body(self.links))


class ZonesView(ApiView):
    """The zones of the region."""

    responses = {"GET": ZoneList}

    def get(self, request: Request, region_name: str) -> Response:
        _known_region(region_name, self.links)
        return Response({"zones": [zone_body(zone, self.links) for zone in settings.ZONES]})


class ZoneView(ApiView):
    """One zone."""

    responses = {"GET": Zone}

    def get(self, request: Request, region_name: str, zone_name: str) -> Response:
        _known_region(region_name, self.links)
        if zone_name not in settings.ZONES:
            raise not_found("not_found", "zone", zone_name[:64], "region")
        return Response(zone_body(zone_name, self.links))


def _known_region(name: str, links: Links) -> None:
    if name != links.region:
        raise not_found("not_found", "region", name[:64], "service")


def vpc_id_of(text: str) -> UUID:
    return path_id(text, "vpc_not_found", "VPC")


class VpcApiView(ApiView):
    """What views of VPCs share."""

    changes = versions.VPC


class VpcsView(VpcApiView):
    """The account's VPCs, newest first."""

    requests = {"POST": VpcCreate}
    responses = {"GET": VPCList, "POST": VPC}
    filters = (
        RESOURCE_GROUP,
        Parameter("classic_access", "Only those with or without it.", {"type": "boolean"}),
    )

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(Vpc.objects.owned_by(self.actor))
        wanted = request.query_params.get("classic_access")
        if wanted is not None:
            flag = flag_param("classic_access", wanted)
            rows = rows.filter(classic_access=flag)
            filters = {**filters, "classic_access": str(flag).lower()}
        page = self.page(rows.select_related("resource_group"), "vpcs", filters=filters)
        return Response(page.body("vpcs", [self.downgraded(vpc_body(row, self.links)) for row in page.rows]))

    @creates
    def post(self, request: Request) -> Response:
        check = refusals(lambda given: create_vpc(self.actor, given))
        vpc = create_vpc(self.actor, self.fields(VpcCreate, check=check))
        return self.respond(vpc_body(vpc, self.links), status=201)


class VpcView(VpcApiView):
    """One VPC."""

    requests = {"PATCH": VpcPatch}
    responses = {"GET": VPC, "PATCH": VPC}

    def get(self, request: Request, vpc_id: str) -> Response:
        return self.respond(vpc_body(get_vpc(self.actor, vpc_id_of(vpc_id)), self.links))

    def patch(self, request: Request, vpc_id: str) -> Response:
        ident = vpc_id_of(vpc_id)
        check = refusals(lambda given: update_vpc(self.actor, ident, given))
        fields = self.fields(VpcPatch, of=lambda: get_vpc(self.actor, ident), check=check)
        vpc = update_vpc(self.actor, ident, fields)
        return self.respond(vpc_body(vpc, self.links))

    def delete(self, request: Request, vpc_id: str) -> Response:
        delete_vpc(self.actor, vpc_id_of(vpc_id))
        return self.deleted()


class PrefixApiView(ApiView):
    """What views of address prefixes share."""

    def bodies(self, rows: list[AddressPrefix], vpc_id: UUID) -> list[dict[str, Any]]:
        texts = Subnet.objects.filter(vpc_id=vpc_id).values_list("ipv4_cidr_block", flat=True)
        blocks: list[IPv4Network] = [parse_cidr(text) for text in texts]
        return [address_prefix_body(row, blocks, self.links) for row in rows]

    def body(self, row: AddressPrefix) -> dict[str, Any]:
        return self.bodies([row], row.vpc_id)[0]


class AddressPrefixesView(PrefixApiView):
    """Where the subnets of a VPC may lie."""

    requests = {"POST": AddressPrefixCreate}
    responses = {"GET": AddressPrefixList, "POST": AddressPrefixAnswer}

    def get(self, request: Request, vpc_id: str) -> Response:
        vpc = get_vpc(self.actor, vpc_id_of(vpc_id))
        page = self.page(AddressPrefix.objects.filter(vpc=vpc), f"vpcs/{vpc.pk}/address_prefixes")
        return Response(page.body("address_prefixes", self.bodies(list(page.rows), vpc.pk)))

    @creates
    def post(self, request: Request, vpc_id: str) -> Response:
        ident = vpc_id_of(vpc_id)
        check = refusals(lambda given: create_address_prefix(self.actor, ident, given))
        fields = self.fields(AddressPrefixCreate, of=lambda: get_vpc(self.actor, ident), check=check)
        prefix = create_address_prefix(self.actor, ident, fields)
        return Response(self.body(prefix), status=201)


class AddressPrefixView(PrefixApiView):
    """One address prefix."""

    requests = {"PATCH": AddressPrefixPatch}
    responses = {"GET": AddressPrefixAnswer, "PATCH": AddressPrefixAnswer}

    def get(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        return self.respond(self.body(get_address_prefix(self.actor, *_prefix_ids(vpc_id, prefix_id))))

    def patch(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        ids = _prefix_ids(vpc_id, prefix_id)
        check = refusals(lambda given: update_address_prefix(self.actor, *ids, given))
        fields = self.fields(AddressPrefixPatch, of=lambda: get_address_prefix(self.actor, *ids), check=check)
        prefix = update_address_prefix(self.actor, *ids, fields)
        return self.respond(self.body(prefix))

    def delete(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        delete_address_prefix(self.actor, *_prefix_ids(vpc_id, prefix_id))
        return self.deleted()


def _prefix_ids(vpc_id: str, prefix_id: str) -> tuple[UUID, UUID]:
    return vpc_id_of(vpc_id), path_id(prefix_id, "address_prefix_not_found", "address prefix", "VPC")
