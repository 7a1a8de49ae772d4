"""Routes of the wizards; included by `vpn.web.urls`."""

from __future__ import annotations

from django.urls import path

from vpn.web.wizard import connection, gateway, pairs, paste, progress, review, security, steps
from vpn.web.wizard.policies import KINDS

_GATEWAY = "gateways/<uuid:gateway_id>"
_DRAFT = "gateways/new/<uuid:draft_id>"
_PAIR = "connections/connect/<uuid:draft_id>"

urlpatterns = [
    path("gateways/new", gateway.gateway_step, name="gateway_new"),
    path("gateways/new/check", gateway.check_gateway_field, name="gateway_check"),
    path("gateways/new/paste", paste.wizard_paste, name="wizard_paste"),
    path(f"{_DRAFT}/gateway", gateway.gateway_step, name="wizard_gateway"),
    path(f"{_DRAFT}/connection", connection.connection_step, name="wizard_connection"),
    path(f"{_DRAFT}/check", connection.check_connection_field, name="wizard_check"),
    path(f"{_DRAFT}/security", security.security_step, name="wizard_security"),
    *(
        path(
            f"{_DRAFT}/check/{kind}",
            security.check_policy_field,
            {"kind": kind},
            name="wizard_policy_check",
        )
        for kind in KINDS
    ),
    path(f"{_DRAFT}/review", review.review_step, name="wizard_review"),
    path(f"{_DRAFT}/discard", steps.discard_draft, name="wizard_discard"),
    path(f"{_GATEWAY}/progress", progress.progress_page, name="wizard_progress"),
    path("connections/connect", pairs.connect_vpcs, name="connect_vpcs"),
    path(_PAIR, pairs.connect_review, name="connect_review"),
    path(f"{_PAIR}/check", pairs.check_pair_field, name="connect_check"),
    path(f"{_GATEWAY}/connections/<uuid:connection_id>/other-side", pairs.other_side, name="other_side"),
]
