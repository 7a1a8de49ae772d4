"""Routes of the lists, of their bulk actions, and of the pages of networks."""

from __future__ import annotations

from django.urls import path

from vpn.web.lists import connections, gateways
from vpn.web.networks import pages as network_pages
from vpn.web.networks import views as networks

_NETWORKS = {"vpc": ("networks", "networks"), "subnet": ("networks/subnets", "subnets")}
_NETWORKS["instance"] = ("networks/instances", "instances")

urlpatterns = [
    path("gateways", gateways.gateway_list, name="gateways"),
    path("gateways/bulk", gateways.gateways_bulk, name="gateways_bulk"),
    path("connections", connections.connection_list, name="connections"),
    path("connections/bulk", connections.connections_bulk, name="connections_bulk"),
    *(
        path(where, networks.network_list, {"kind": kind}, name=name)
        for kind, (where, name) in _NETWORKS.items()
    ),
    *(
        path(f"networks/{kind}s/bulk", networks.networks_bulk, {"kind": kind}, name=f"{kind}s_bulk")
        for kind in _NETWORKS
    ),
    *(
        path(f"networks/{kind}s/<uuid:row_id>", network_pages.network_page, {"kind": kind}, name=kind)
        for kind in _NETWORKS
    ),
    path(
        "networks/vpcs/<uuid:row_id>/prefixes/<uuid:prefix_id>/delete",
        network_pages.prefix_delete,
        name="prefix_delete",
    ),
]
