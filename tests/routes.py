"""Every route of the console, and the role that each needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from console.core.actor import Role

# No page of an account: what a link opens, by itself, is tested beside its service.
_LINKS = ("invitation", "password-link")
_NO_PAGES = ("admin/", "v1", "^v1", "livez", "readyz", "identity/", *_LINKS)
VIEWER, OPERATOR, EDITOR, ADMINISTRATOR = Role
READ = (VIEWER, None)
EDIT = (EDITOR, EDITOR)
# Route: the least role that may GET it, and POST to it; None: the route does not have that method.
NEEDS: dict[str, tuple[Role | None, Role | None]] = {
    **dict.fromkeys(("overview", "gateways", "gateway", "gateway_status", "gateway_events"), READ),
    **dict.fromkeys(("connections", "connection", "connection_status", "connection_events"), READ),
    **dict.fromkeys(("connection_log", "handoff", "shared_handoff", "shared_file", "wizard_progress"), READ),
    **dict.fromkeys(("networks", "subnets", "instances", "policies"), READ),
    **dict.fromkeys(("ike_policies", "ike_policy", "ipsec_policies", "ipsec_policy"), READ),
    **dict.fromkeys(("account_home", "activity", "manual_index", "manual"), READ),
    **dict.fromkeys(("openapi", "openapi_document"), READ),
    **dict.fromkeys(("sign_in", "account_login", "password_change"), (VIEWER, VIEWER)),
    **dict.fromkeys(("session_end", "sessions_end"), (None, VIEWER)),
    "sessions": READ,
    **dict.fromkeys(("sign_out", "theme", "switch_account", "stop_impersonation"), (None, VIEWER)),
    **dict.fromkeys(("handoff_file", "vpc", "subnet", "instance"), (VIEWER, EDITOR)),
    **dict.fromkeys(("connection_state", "connection_restart"), (None, OPERATOR)),
    "connections_bulk": (OPERATOR, OPERATOR),
    **dict.fromkeys(("gateway_new", "wizard_gateway", "wizard_connection", "wizard_security"), EDIT),
    **dict.fromkeys(("wizard_review", "wizard_paste", "connect_vpcs", "connect_review", "other_side"), EDIT),
    **dict.fromkeys(("gateway_check", "wizard_check", "wizard_policy_check"), (None, EDITOR)),
    **dict.fromkeys(("connect_check", "connection_check", "wizard_discard"), (None, EDITOR)),
    **dict.fromkeys(("gateway_rename", "gateway_delete", "gateways_bulk"), EDIT),
    **dict.fromkeys(
        ("connection_new", "connection_edit", "connection_key", "connection_delete"),
        EDIT,
    ),
    **dict.fromkeys(("connection_reveal", "local_cidrs", "peer_cidrs", "handoff_links"), EDIT),
    **dict.fromkeys(("vpc_new", "subnet_new", "instance_new"), EDIT),
    **dict.fromkeys(("vpcs_bulk", "subnets_bulk", "instances_bulk"), EDIT),
    **dict.fromkeys(("vpc_delete", "subnet_delete", "instance_delete", "handoff_revoke"), (None, EDITOR)),
    "prefix_delete": (None, EDITOR),
    "connection_select_gateway": (EDITOR, None),
    **{
        f"{kind}_{tail}": EDIT
        for kind in ("ike", "ipsec")
        for tail in ("policies_bulk", "policy_new", "policy_edit", "policy_clone", "policy_delete")
    },
    **dict.fromkeys(("api_keys", "members"), (ADMINISTRATOR, ADMINISTRATOR)),
    **dict.fromkeys(("account_settings", "api_key_revoke"), (None, ADMINISTRATOR)),
    **dict.fromkeys(("member_role", "invitation_revoke"), (None, ADMINISTRATOR)),
    "member_remove": (ADMINISTRATOR, ADMINISTRATOR),
    "account_leave": (VIEWER, VIEWER),
}
# What a button of a page needs beyond the page itself.
CHOICES = {("connections_bulk", "do=delete"): EDITOR}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the console as (template, pattern)."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(entry.pattern)
        if path.startswith(_NO_PAGES):
            continue
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        else:
            yield path, entry
