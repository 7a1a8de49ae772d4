"""Routes of the lists, and of actions on rows chosen there."""

from __future__ import annotations

from django.urls import path

from vpn.web import networks
from vpn.web.lists import connections, gateways

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
]
