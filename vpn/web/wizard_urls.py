"""Pages that lead to a gateway or connection step by step; `vpn.web.urls` takes them in."""

from __future__ import annotations

from django.urls import path

from vpn.web import (
    wizard,
    wizard_gateway,
    wizard_pairs,
    wizard_paste,
    wizard_progress,
    wizard_review,
    wizard_security,
    wizard_steps,
)
from vpn.web.wizard_policies import KINDS

_GATEWAY = "gateways/<uuid:gateway_id>"
_DRAFT = "gateways/new/<uuid:draft_id>"
_PAIR = "connections/connect/<uuid:draft_id>"

urlpatterns = [
    path("gateways/new", wizard_gateway.gateway_step, name="gateway_new"),
    path("gateways/new/check", wizard_gateway.check_gateway_field, name="gateway_check"),
    path("gateways/new/paste", wizard_paste.wizard_paste, name="wizard_paste"),
    path(f"{_DRAFT}/gateway", wizard_gateway.gateway_step, name="wizard_gateway"),
    path(f"{_DRAFT}/connection", wizard.connection_step, name="wizard_connection"),
    path(f"{_DRAFT}/check", wizard.check_connection_field, name="wizard_check"),
    path(f"{_DRAFT}/security", wizard_security.security_step, name="wizard_security"),
    *(
        path(
            f"{_DRAFT}/check/{kind}",
            wizard_security.check_policy_field,
            {"kind": kind},
            name="wizard_policy_check",
        )
        for kind in KINDS
    ),
    path(f"{_DRAFT}/review", wizard_review.review_step, name="wizard_review"),
    path(f"{_DRAFT}/discard", wizard_steps.discard_draft, name="wizard_discard"),
    path(f"{_GATEWAY}/progress", wizard_progress.progress_page, name="wizard_progress"),
    path("connections/connect", wizard_pairs.connect_vpcs, name="connect_vpcs"),
    path(_PAIR, wizard_pairs.connect_review, name="connect_review"),
    path(f"{_PAIR}/check", wizard_pairs.check_pair_field, name="connect_check"),
    path(
        f"{_GATEWAY}/connections/<uuid:connection_id>/other-side", wizard_pairs.other_side, name="other_side"
    ),
]
