"""How an end names itself, taken apart for devices that have a word for each type of identity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# Where an identity belongs that cannot be written.
YOURS, OURS = "<YOUR-IDENTITY>", "<GATEWAY-IDENTITY>"
# Letters that no device takes for a quote, a comment or an escape.
_PLAIN = re.compile(r"[-A-Za-z0-9._@/+]{1,63}")


class Kind(StrEnum):
    """Types on the wire: ID_IPV4_ADDR, ID_FQDN, ID_KEY_ID (RFC 7296 section 3.5)."""

    ADDRESS = "address"
    NAME = "name"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Named:
    """`value` is an address, a name without mark, or the bytes of a key ID in hexadecimal."""

    kind: Kind
    value: str

    @property
    def plain(self) -> str:
        """As devices take it that know text only; empty for a key ID whose bytes are none."""
        if self.kind is not Kind.KEY:
            return self.value
        text = bytes.fromhex(self.value).decode("ascii", errors="replace")
        return text if _PLAIN.fullmatch(text) else ""


def named(identity: str) -> Named:
    """From strongSwan's words, in which @ begins a name and @# bytes."""
    if identity.startswith("@#"):
        return Named(Kind.KEY, identity.removeprefix("@#"))
    if identity.startswith("@"):
        return Named(Kind.NAME, identity.removeprefix("@"))
    return Named(Kind.ADDRESS, identity)
