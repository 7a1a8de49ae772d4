"""Pages of gateways, connections and networks."""

from __future__ import annotations

from django.urls import path

from vpn.web.connections import handoff, handoff_link, select_gateway, tunnel
from vpn.web.connections import views as connections
from vpn.web.gateways import views as gateways
from vpn.web.lists import urls as list_urls
from vpn.web.networks import views as networks
from vpn.web.overview import views as overview
from vpn.web.wizard import urls as wizard_urls

_GATEWAY = "gateways/<uuid:gateway_id>"
_CONNECTION = f"{_GATEWAY}/connections/<uuid:connection_id>"

urlpatterns = [
    path("", overview.overview, name="overview"),
    *list_urls.urlpatterns,
    *wizard_urls.urlpatterns,
    path(_GATEWAY, gateways.gateway_page, name="gateway"),
    path(f"{_GATEWAY}/status", gateways.gateway_status, name="gateway_status"),
    path(f"{_GATEWAY}/events", gateways.gateway_events, name="gateway_events"),
    path(f"{_GATEWAY}/rename", gateways.gateway_rename, name="gateway_rename"),
    path(f"{_GATEWAY}/delete", gateways.gateway_delete, name="gateway_delete"),
    path(f"{_GATEWAY}/connections/new", connections.connection_new, name="connection_new"),
    path(f"{_GATEWAY}/connections/check", connections.connection_check, name="connection_check"),
    path("connections/new", select_gateway.connection_select_gateway, name="connection_select_gateway"),
    path(_CONNECTION, connections.connection_page, name="connection"),
    path(f"{_CONNECTION}/status", connections.connection_status, name="connection_status"),
    path(f"{_CONNECTION}/edit", connections.connection_edit, name="connection_edit"),
    path(f"{_CONNECTION}/key", connections.connection_key, name="connection_key"),
    path(f"{_CONNECTION}/state", connections.connection_state, name="connection_state"),
    path(f"{_CONNECTION}/restart", tunnel.connection_restart, name="connection_restart"),
    path(f"{_CONNECTION}/reveal", tunnel.connection_reveal, name="connection_reveal"),
    path(f"{_CONNECTION}/log", tunnel.connection_log, name="connection_log"),
    path(f"{_CONNECTION}/events", tunnel.connection_events, name="connection_events"),
    path(f"{_CONNECTION}/delete", connections.connection_delete, name="connection_delete"),
    *(
        path(
            f"{_CONNECTION}/cidrs/{side}", connections.connection_cidrs, {"side": side}, name=f"{side}_cidrs"
        )
        for side in ("local", "peer")
    ),
    path("networks/vpcs/new", networks.vpc_new, name="vpc_new"),
    path("networks/subnets/new", networks.subnet_new, name="subnet_new"),
    path("networks/instances/new", networks.instance_new, name="instance_new"),
    *(
        path(
            f"networks/{kind}s/<uuid:row_id>/delete",
            networks.network_delete,
            {"kind": kind},
            name=f"{kind}_delete",
        )
        for kind in ("vpc", "subnet", "instance")
    ),
    path(f"{_CONNECTION}/handoff", handoff.handoff_page, name="handoff"),
    path(f"{_CONNECTION}/handoff/links", handoff.handoff_links, name="handoff_links"),
    path(f"{_CONNECTION}/handoff/links/<uuid:link_id>/revoke", handoff.handoff_revoke, name="handoff_revoke"),
    path(f"{_CONNECTION}/handoff/<slug:vendor>", handoff.handoff_file, name="handoff_file"),
    path("shared/<str:token>", handoff_link.shared_handoff, name="shared_handoff"),
    path("shared/<str:token>/<slug:vendor>", handoff_link.shared_file, name="shared_file"),
]
