"""IKE identities, parsed for devices that have a keyword for each type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# Placeholders for identities that cannot be written.
YOURS, OURS = "<YOUR-IDENTITY>", "<GATEWAY-IDENTITY>"
# Characters that no device interprets as a quote, a comment or an escape.
_PLAIN = re.compile(r"[-A-Za-z0-9._@/+]{1,63}")


class Kind(StrEnum):
    """Types on the wire: ID_IPV4_ADDR, ID_FQDN, ID_KEY_ID (RFC 7296 section 3.5)."""

    ADDRESS = "address"
    NAME = "name"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class ParsedIdentity:
    """`value` is an address, a name without prefix, or the bytes of a key ID in hexadecimal."""

    kind: Kind
    value: str

    @property
    def plain(self) -> str:
        """For devices that only take text; empty for a key ID whose bytes are not plain text."""
        if self.kind is not Kind.KEY:
            return self.value
        text = bytes.fromhex(self.value).decode("ascii", errors="replace")
        return text if _PLAIN.fullmatch(text) else ""


def parse_identity(identity: str) -> ParsedIdentity:
    """From strongSwan's notation, in which @ is the prefix of a name and @# that of bytes."""
    if identity.startswith("@#"):
        return ParsedIdentity(Kind.KEY, identity.removeprefix("@#"))
    if identity.startswith("@"):
        return ParsedIdentity(Kind.NAME, identity.removeprefix("@"))
    return ParsedIdentity(Kind.ADDRESS, identity)
