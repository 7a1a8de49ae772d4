"""Request bodies of policies."""

from __future__ import annotations

from console.api.fields import (
    Number,
    Reference,
    Shape,
    Text,
    Texts,
    Whole,
    Wholes,
    Word,
    read_only,
    settled,
)
from policies.domain.algorithms import EVERYTHING
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME

_CIPHERS = (*reversed(EVERYTHING.encryption), "3des")
_ESP_CIPHERS = (*reversed(EVERYTHING.esp_encryption), "3des")
_HASHES = tuple(reversed(EVERYTHING.authentication))
_SEVERAL = "Several, best first, with commas between; instead of the one above."
_ENVELOPE = read_only("id", "href", "created_at", "connections", "resource_type")


class IKEPolicyPatch(Shape):
    """What may change."""

    fixed = {**_ENVELOPE, **read_only("negotiation_mode"), **settled("resource_group")}

    name = Text()
    authentication_algorithm = Word(_HASHES)
    authentication_algorithms = Texts(help_text=_SEVERAL)
    encryption_algorithm = Word(_CIPHERS)
    encryption_algorithms = Texts(help_text=_SEVERAL)
    dh_group = Number(EVERYTHING.dh_groups[::-1])
    dh_groups = Wholes(help_text=_SEVERAL)
    ike_version = Number((2, 1))
    key_lifetime = Whole(help_text=f"Seconds; {IKE_LIFETIME} when left out.")


class IKEPolicyCreate(IKEPolicyPatch):
    fixed = {**_ENVELOPE, **read_only("negotiation_mode")}

    resource_group = Reference()


class IPsecPolicyPatch(Shape):
    """What may change."""

    fixed = {
        **_ENVELOPE,
        **read_only("encapsulation_mode", "transform_protocol"),
        **settled("resource_group"),
    }

    name = Text()
    authentication_algorithm = Word(EVERYTHING.esp_authentication[::-1])
    authentication_algorithms = Texts(help_text=_SEVERAL)
    encryption_algorithm = Word(_ESP_CIPHERS)
    encryption_algorithms = Texts(help_text=_SEVERAL)
    pfs = Word(EVERYTHING.pfs)
    pfs_groups = Texts(help_text=_SEVERAL)
    key_lifetime = Whole(help_text=f"Seconds; {IPSEC_LIFETIME} when left out.")


class IPsecPolicyCreate(IPsecPolicyPatch):
    fixed = {**_ENVELOPE, **read_only("encapsulation_mode", "transform_protocol")}

    resource_group = Reference()
