"""Request bodies of policies."""

from __future__ import annotations

from console.api.fields import Number, Reference, Shape, Text, Whole, Word, read_only, settled
from policies.domain.algorithms import GENERATION_1
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME

_CIPHERS = ("aes256", "aes128", "3des", "triple_des")
_HASHES = tuple(reversed(GENERATION_1.authentication))
_ENVELOPE = read_only("id", "href", "created_at", "connections", "resource_type")


class IKEPolicyPatch(Shape):
    """What may change."""

    fixed = {**_ENVELOPE, **read_only("negotiation_mode"), **settled("resource_group")}

    name = Text()
    authentication_algorithm = Word(_HASHES)
    encryption_algorithm = Word(_CIPHERS)
    dh_group = Number(GENERATION_1.dh_groups[::-1])
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
    authentication_algorithm = Word(_HASHES)
    encryption_algorithm = Word(_CIPHERS)
    pfs = Word(GENERATION_1.pfs)
    key_lifetime = Whole(help_text=f"Seconds; {IPSEC_LIFETIME} when left out.")


class IPsecPolicyCreate(IPsecPolicyPatch):
    fixed = {**_ENVELOPE, **read_only("encapsulation_mode", "transform_protocol")}

    resource_group = Reference()
