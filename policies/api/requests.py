"""Request bodies of policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from console.core.api.fields import (
    Number,
    Reference,
    RequestSchema,
    Text,
    Texts,
    Whole,
    Wholes,
    Word,
    read_only,
    settled,
)
from console.core.api.versions import ApiVersion
from policies.domain.checks import IKE_LIFETIME, IPSEC_LIFETIME, LOWER_NAME, MOST_READ, NAME, NAME_LENGTH
from policies.domain.generations import BY_GENERATION, EVERYTHING

_CIPHERS = (*reversed(EVERYTHING.encryption), "3des")
_ESP_CIPHERS = (*reversed(EVERYTHING.esp_encryption), "3des")
_HASHES = tuple(reversed(EVERYTHING.authentication))
_SEVERAL = "Several, best first, with commas between; instead of the one above."
_ENVELOPE = read_only("id", "href", "created_at", "connections", "resource_type")


def name_rule(generation: int) -> Mapping[str, Any]:
    """What a name must look like."""
    pattern = NAME if generation == 1 else LOWER_NAME
    return {"minLength": 1, "maxLength": NAME_LENGTH, "pattern": f"^{pattern}$"}


class PolicyRequest(RequestSchema):
    """What both kinds share."""

    @classmethod
    def for_version(cls, version: ApiVersion) -> Mapping[str, Mapping[str, Any]]:
        """The words of the generation, and the old name of a cipher in the first one."""
        algorithms = BY_GENERATION[version.generation]
        old = ("3des",) if version.generation == 1 else ()
        ike = cls.encrypts_ike
        hashes = algorithms.authentication if ike else algorithms.esp_authentication
        ciphers = (*(algorithms.encryption if ike else algorithms.esp_encryption), *old)
        words = {
            "authentication_algorithm": hashes,
            "encryption_algorithm": ciphers,
            "dh_group": algorithms.dh_groups,
            "pfs": algorithms.pfs,
        }
        several = {"pfs": "pfs_groups"}
        lists = {
            several.get(name, f"{name}s"): {
                "items": {"enum": [*allowed]},
                "minItems": 1,
                "maxItems": algorithms.most[allowed[0] in (*algorithms.dh_groups, *algorithms.pfs)],
                "uniqueItems": True,
            }
            for name, allowed in words.items()
        }
        return {
            "name": name_rule(version.generation),
            "key_lifetime": {"minimum": algorithms.min_lifetime, "maximum": algorithms.max_lifetime},
            **{name: {"enum": [*allowed]} for name, allowed in words.items()},
            **lists,
        }

    encrypts_ike: ClassVar[bool] = True


Groups = tuple[tuple[str, ...], ...]
_EITHER = (
    ("authentication_algorithm", "authentication_algorithms"),
    ("encryption_algorithm", "encryption_algorithms"),
)


class IKEPolicyPatch(PolicyRequest):
    """What may change."""

    at_most_one: ClassVar[Groups] = (*_EITHER, ("dh_group", "dh_groups"))
    example: ClassVar[Mapping[str, Any]] = {"name": "ike-aes128", "encryption_algorithm": "aes128"}

    fixed = {**_ENVELOPE, **read_only("negotiation_mode"), **settled("resource_group")}

    name = Text()
    authentication_algorithm = Word(_HASHES)
    authentication_algorithms = Texts(most=MOST_READ, help_text=_SEVERAL)
    encryption_algorithm = Word(_CIPHERS)
    encryption_algorithms = Texts(most=MOST_READ, help_text=_SEVERAL)
    dh_group = Number(EVERYTHING.dh_groups[::-1])
    dh_groups = Wholes(most=MOST_READ, help_text=_SEVERAL)
    ike_version = Number((2, 1))
    key_lifetime = Whole(help_text=f"Seconds; {IKE_LIFETIME} when left out.")


class IKEPolicyCreate(IKEPolicyPatch):
    """Of each kind of algorithm one, or several in a list, best first."""

    one_of = IKEPolicyPatch.at_most_one
    at_most_one = ()
    needed = ("ike_version",)
    example = {
        "name": "ike-aes256",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes256",
        "dh_group": 14,
        "ike_version": 2,
    }
    fixed = {**_ENVELOPE, **read_only("negotiation_mode")}

    resource_group = Reference()


class IPsecPolicyPatch(PolicyRequest):
    """What may change."""

    encrypts_ike = False
    at_most_one: ClassVar[Groups] = (*_EITHER, ("pfs", "pfs_groups"))
    example: ClassVar[Mapping[str, Any]] = {"name": "esp-aes128", "encryption_algorithm": "aes128"}

    fixed = {
        **_ENVELOPE,
        **read_only("encapsulation_mode", "transform_protocol"),
        **settled("resource_group"),
    }

    name = Text()
    authentication_algorithm = Word(EVERYTHING.esp_authentication[::-1])
    authentication_algorithms = Texts(most=MOST_READ, help_text=_SEVERAL)
    encryption_algorithm = Word(_ESP_CIPHERS)
    encryption_algorithms = Texts(most=MOST_READ, help_text=_SEVERAL)
    pfs = Word(EVERYTHING.pfs)
    pfs_groups = Texts(most=MOST_READ, help_text=_SEVERAL)
    key_lifetime = Whole(help_text=f"Seconds; {IPSEC_LIFETIME} when left out.")


class IPsecPolicyCreate(IPsecPolicyPatch):
    """Of each kind of algorithm one, or several in a list, best first."""

    one_of = IPsecPolicyPatch.at_most_one
    at_most_one = ()
    example = {
        "name": "esp-aes256",
        "authentication_algorithm": "sha256",
        "encryption_algorithm": "aes256",
        "pfs": "group_14",
    }
    fixed = {**_ENVELOPE, **read_only("encapsulation_mode", "transform_protocol")}

    resource_group = Reference()
