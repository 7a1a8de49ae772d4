from console.models.accounts import Account, Membership, ResourceGroup, User
from console.models.audit import AuditEvent
from console.models.keys import ApiKey

__all__ = ["Account", "ApiKey", "AuditEvent", "Membership", "ResourceGroup", "User"]
