"""Accounts, their people, their keys and their resource groups. All changes are audited."""

from console.core.services.accounts import (
    add_member,
    create_account,
    create_user,
    default_resource_group,
    leave_account,
    remove_member,
    resolve_resource_group,
    resource_group_violations,
    set_role,
)
from console.core.services.keys import create_api_key, find_key, revoke_api_key

__all__ = [
    "add_member",
    "create_account",
    "create_api_key",
    "create_user",
    "default_resource_group",
    "find_key",
    "leave_account",
    "remove_member",
    "resolve_resource_group",
    "resource_group_violations",
    "revoke_api_key",
    "set_role",
]
