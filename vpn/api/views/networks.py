"""VPCs and their address prefixes, regions and zones (contract section 2.5)."""

from __future__ import annotations

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
from vpn.api.requests.networks import AddressPrefixCreate, AddressPrefixPatch, VpcCreate, VpcPatch
from vpn.api.responses import networks as schemas
from vpn.api.responses.networks import blocks_of
from vpn.models import AddressPrefix, Vpc
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
    """The region of this installation; there is only one."""

    responses = {"GET": schemas.RegionList}

    def get(self, request: Request) -> Response:
        return self.respond([self.links.region])


class RegionView(ApiView):
    """The region."""

    responses = {"GET": schemas.Region}

    def get(self, request: Request, region_name: str) -> Response:
        _known_region(region_name, self.links)
        return self.respond(region_name)


class ZonesView(ApiView):
    """The zones of the region."""

    responses = {"GET": schemas.ZoneList}

    def get(self, request: Request, region_name: str) -> Response:
        _known_region(region_name, self.links)
        return self.respond(settings.ZONES)


class ZoneView(ApiView):
    """One zone."""

    responses = {"GET": schemas.Zone}

    def get(self, request: Request, region_name: str, zone_name: str) -> Response:
        _known_region(region_name, self.links)
        if zone_name not in settings.ZONES:
            raise not_found("not_found", "zone", zone_name[:64], "region")
        return self.respond(zone_name)


def _known_region(name: str, links: Links) -> None:
    if name != links.region:
        raise not_found("not_found", "region", name[:64], "service")


def vpc_id_of(text: str) -> UUID:
    return path_id(text, "vpc_not_found", "VPC")


class VpcApiView(ApiView):
    """The base of the views of VPCs."""

    changes = versions.VPC


class VpcsView(VpcApiView):
    """The account's VPCs, newest first."""

    requests = {"POST": VpcCreate}
    responses = {"GET": schemas.VPCList, "POST": schemas.VPC}
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
        return self.respond(self.page(rows.select_related("resource_group"), "vpcs", filters=filters))

    @creates
    def post(self, request: Request) -> Response:
        check = refusals(lambda given: create_vpc(self.actor, given))
        vpc = create_vpc(self.actor, self.fields(VpcCreate, check=check))
        return self.respond(vpc, status=201)


class VpcView(VpcApiView):
    """One VPC."""

    requests = {"PATCH": VpcPatch}
    responses = {"GET": schemas.VPC, "PATCH": schemas.VPC}

    def get(self, request: Request, vpc_id: str) -> Response:
        return self.respond(get_vpc(self.actor, vpc_id_of(vpc_id)))

    def patch(self, request: Request, vpc_id: str) -> Response:
        ident = vpc_id_of(vpc_id)
        check = refusals(lambda given: update_vpc(self.actor, ident, given))
        fields = self.fields(VpcPatch, of=lambda: get_vpc(self.actor, ident), check=check)
        vpc = update_vpc(self.actor, ident, fields)
        return self.respond(vpc)

    def delete(self, request: Request, vpc_id: str) -> Response:
        delete_vpc(self.actor, vpc_id_of(vpc_id))
        return self.deleted()


class AddressPrefixesView(ApiView):
    """The address prefixes of a VPC, which contain its subnets."""

    requests = {"POST": AddressPrefixCreate}
    responses = {"GET": schemas.AddressPrefixList, "POST": schemas.AddressPrefix}

    def get(self, request: Request, vpc_id: str) -> Response:
        vpc = get_vpc(self.actor, vpc_id_of(vpc_id))
        page = self.page(AddressPrefix.objects.filter(vpc=vpc), f"vpcs/{vpc.pk}/address_prefixes")
        return self.respond(page, blocks_of(vpc.pk))

    @creates
    def post(self, request: Request, vpc_id: str) -> Response:
        ident = vpc_id_of(vpc_id)
        check = refusals(lambda given: create_address_prefix(self.actor, ident, given))
        fields = self.fields(AddressPrefixCreate, of=lambda: get_vpc(self.actor, ident), check=check)
        prefix = create_address_prefix(self.actor, ident, fields)
        return self.respond(prefix, blocks_of(ident), status=201)


class AddressPrefixView(ApiView):
    """One address prefix."""

    requests = {"PATCH": AddressPrefixPatch}
    responses = {"GET": schemas.AddressPrefix, "PATCH": schemas.AddressPrefix}

    def get(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        prefix = get_address_prefix(self.actor, *_prefix_ids(vpc_id, prefix_id))
        return self.respond(prefix, blocks_of(prefix.vpc_id))

    def patch(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        ids = _prefix_ids(vpc_id, prefix_id)
        check = refusals(lambda given: update_address_prefix(self.actor, *ids, given))
        fields = self.fields(AddressPrefixPatch, of=lambda: get_address_prefix(self.actor, *ids), check=check)
        prefix = update_address_prefix(self.actor, *ids, fields)
        return self.respond(prefix, blocks_of(prefix.vpc_id))

    def delete(self, request: Request, vpc_id: str, prefix_id: str) -> Response:
        delete_address_prefix(self.actor, *_prefix_ids(vpc_id, prefix_id))
        return self.deleted()


def _prefix_ids(vpc_id: str, prefix_id: str) -> tuple[UUID, UUID]:
    return vpc_id_of(vpc_id), path_id(prefix_id, "address_prefix_not_found", "address prefix", "VPC")
