from console.models.accounts import Account, Membership, ResourceGroup, User
from console.models.audit import AuditEvent
from console.models.invitations import Invitation
from console.models.keys import ApiKey
from console.models.sign_ins import KnownNetwork, PasswordFailures, SignInSession

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
