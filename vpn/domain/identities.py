"""IKE identities (contract section 4.3, RFC 7296 section 3.5)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.core.errors import Violation
from policies.domain.checks import enum_violations
from vpn.domain.checks.common import is_no_host, parse_address

_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_FQDN = re.compile(rf"({_LABEL}\.)+[A-Za-z]{{2,63}}\.?")
_LONGEST = 255


class IdentityType(StrEnum):
    """Types of the API; `hostname` and `fqdn` are both ID_FQDN on the wire."""

    IPV4_ADDRESS = "ipv4_address"
    FQDN = "fqdn"
    HOSTNAME = "hostname"
    KEY_ID = "key_id"


@dataclass(frozen=True, slots=True)
class Identity:
    """`value` as in the API: base64 for a `key_id`."""

    type: str
    value: str

    @classmethod
    def of(cls, given: Mapping[str, str] | None) -> Identity | None:
        """From a row or a request body; None means the default identity of that end."""
        return cls(given.get("type", ""), given.get("value", "")) if given else None

    @property
    def text(self) -> str:
        """As strongSwan writes it: the prefix @ marks a name, @# marks bytes in hex."""
        if self.type == IdentityType.IPV4_ADDRESS:
            return self.value
        if self.type == IdentityType.KEY_ID:
            return f"@#{base64.b64decode(self.value).hex()}"
        return f"@{name_key(self.value)}"

    def body(self) -> dict[str, str]:
        return {"type": self.type, "value": self.value}


def identity_violations(identity: Identity | None, *, field: str) -> Iterator[Violation]:
    """The type must exist, and the value must be valid for it."""
    if identity is None:
        return
    kinds = [kind.value for kind in IdentityType]
    unknown = list(enum_violations(identity.type, kinds, field=f"{field}.type"))
    yield from unknown
    if not unknown and (wrong := _wrong(identity)):
        yield Violation("validation_failure", f"{field}.value", wrong)


def _wrong(identity: Identity) -> str:
    kind, value = identity.type, identity.value
    if not value or len(value) > _LONGEST:
        return f"The value of an identity has 1 to {_LONGEST} characters."
    if kind == IdentityType.IPV4_ADDRESS:
        return _wrong_address(value)
    if kind == IdentityType.FQDN and not is_fqdn(value):
        return "The value of an fqdn is a full domain name such as vpn.example.com."
    if kind == IdentityType.HOSTNAME and not _HOSTNAME.fullmatch(value):
        return "The value of a hostname consists of letters, digits, hyphens and dots."
    if kind == IdentityType.KEY_ID and not _is_base64(value):
        return "The value of a key_id is base64."
    return ""


def _wrong_address(value: str) -> str:
    address = parse_address(value)
    if address is None:
        return "The value of an ipv4_address is an address such as 198.51.100.4."
    if is_no_host(address):
        return f"{address} does not identify a single host; give the address of a host, such as 198.51.100.4."
    return ""


def name_key(text: str) -> str:
    """A DNS name in the form used for comparison: lower case, without a trailing dot."""
    return text.lower().removesuffix(".")


def is_fqdn(text: str) -> bool:
    """4 to 255 characters, labels of at most 63, only letters in the last one (contract section 7.3)."""
    return 4 <= len(text) <= _LONGEST and _FQDN.fullmatch(text) is not None


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False
