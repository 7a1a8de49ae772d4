"""The actor: the value that every service takes first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from console.core.errors import NotAllowed, Violation


class Role(StrEnum):
    """Rights within an account, each including those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Via(StrEnum):
    """The interface by which a change was made."""

    API = "api"
    CONSOLE = "console"
    ADMIN = "admin"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Actor:
    """The account, the person or key that acts in it, its role, and the interface used.

    `who` is a label for the audit trail ("ana" or "key deploy (1a2b3c4d)"); never a secret.
    """

    account_id: UUID
    who: str
    role: Role
    via: Via
    address: str = ""
    request_id: str = ""
    # Primary key of the person; None for API keys and commands.
    user_id: int | None = None
    # The API key presented, None for a person; whether its account lets API keys read pre-shared keys.
    api_key_id: UUID | None = None
    psk_allowed: bool = False

    @property
    def may_read_psk(self) -> bool:
        """Whether a response may hold pre-shared keys: only for an API key, from editor on, where the
        account allows it. A session never reads them: the console asks for the password first."""
        return self.api_key_id is not None and self.psk_allowed and self.may(Role.EDITOR)

    def may(self, role: Role) -> bool:
        return self.role.rank >= role.rank

    def require(self, role: Role) -> None:
        """Raises NotAllowed when the actor's role is below `role`."""
        if not self.may(role):
            raise NotAllowed(
                [
                    Violation(
                        "not_authorized",
                        "",
                        f"This needs the role {role.value}; {self.who} is {self.role.value} in this account.",
                    )
                ]
            )
