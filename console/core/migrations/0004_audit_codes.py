"""The audit trail names kinds of objects by stable codes, no longer by labels that may change."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_CODES = {
    "VPC": "vpc",
    "address prefix": "address_prefix",
    "VPN gateway": "vpn_gateway",
    "VPN connection": "vpn_connection",
    "IKE policy": "ike_policy",
    "IPsec policy": "ipsec_policy",
    "resource group": "resource_group",
    "membership": "member",
    "API key": "api_key",
}
_ACTIONS = {
    f"vpn_connection_{side}_cidr.{old}": f"vpn_connection.{new}_{side}_cidr"
    for side in ("local", "peer")
    for old, new in (("create", "add"), ("delete", "remove"))
}


def to_codes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    events = apps.get_model("console", "AuditEvent").objects.using(schema_editor.connection.alias)
    for label, code in _CODES.items():
        events.filter(target_type=label).update(target_type=code)
    for old, new in _ACTIONS.items():
        events.filter(action=old).update(action=new)


def to_labels(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    events = apps.get_model("console", "AuditEvent").objects.using(schema_editor.connection.alias)
    for label, code in _CODES.items():
        events.filter(target_type=code).update(target_type=label)
    for old, new in _ACTIONS.items():
        events.filter(action=new).update(action=old)


class Migration(migrations.Migration):
    dependencies = [("console", "0003_longer_request_ids")]

    operations = [migrations.RunPython(to_codes, to_labels)]
