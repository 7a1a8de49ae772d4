from console.core.models.accounts import Account, Membership, ResourceGroup, User
from console.core.models.audit import AuditEvent
from console.core.models.invitations import Invitation
from console.core.models.keys import ApiKey
from console.core.models.sign_ins import KnownNetwork, PasswordFailures, SignInSession

__all__ = [
    "Account",
    "ApiKey",
    "AuditEvent",
    "Invitation",
    "KnownNetwork",
    "Membership",
    "PasswordFailures",
    "ResourceGroup",
    "SignInSession",
    "User",
]
