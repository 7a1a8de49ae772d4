"""Policies in the newest form (contract sections 4.5 to 4.7), for the OpenAPI document.

What stands in a policy may be of another version than the one that asks: answers have all words.
"""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import serializers

from console.core.api.responses import ResourceGroupReference, ResponseSchema, paged
from console.core.api.versions import GENERATION_2
from policies.domain.generations import EVERYTHING
from policies.models import MULTIPLE, MULTIPLE_GROUPS

_LISTS = ("authentication_algorithms", "encryption_algorithms", "dh_groups", "pfs_groups")
# triple_des was called 3des at first.
_CIPHERS = (*EVERYTHING.encryption, "3des")
_ESP_CIPHERS = (*EVERYTHING.esp_encryption, "3des")


def _several(words: Sequence[str | int]) -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(words))


class PolicyReference(ResponseSchema):
    """An IKE or IPsec policy."""

    id = serializers.UUIDField()
    href = serializers.URLField()
    name = serializers.CharField()
    resource_type = serializers.ChoiceField(("ike_policy", "ipsec_policy"))


class ConnectionReference(ResponseSchema):
    """A connection of a VPN gateway."""

    id = serializers.UUIDField()
    href = serializers.URLField()
    name = serializers.CharField()
    resource_type = serializers.ChoiceField(("vpn_gateway_connection",))


class Policy(PolicyReference):
    """What both kinds share."""

    since = dict.fromkeys(_LISTS, GENERATION_2)

    created_at = serializers.DateTimeField()
    resource_group = ResourceGroupReference()
    key_lifetime = serializers.IntegerField(help_text="Seconds.")
    connections = ConnectionReference(many=True)


class IKEPolicy(Policy):
    """What phase 1 may negotiate. With several of a kind the singular field says so."""

    authentication_algorithm = serializers.ChoiceField((*EVERYTHING.authentication, MULTIPLE))
    authentication_algorithms = _several(EVERYTHING.authentication)
    encryption_algorithm = serializers.ChoiceField((*_CIPHERS, MULTIPLE))
    encryption_algorithms = _several(EVERYTHING.encryption)
    dh_group = serializers.ChoiceField((*EVERYTHING.dh_groups, MULTIPLE_GROUPS))
    dh_groups = _several(EVERYTHING.dh_groups)
    ike_version = serializers.ChoiceField(EVERYTHING.ike_versions)
    negotiation_mode = serializers.ChoiceField(("main",))


class IPsecPolicy(Policy):
    """What phase 2 may negotiate. With several of a kind the singular field says so."""

    authentication_algorithm = serializers.ChoiceField((*EVERYTHING.esp_authentication, MULTIPLE))
    authentication_algorithms = _several(EVERYTHING.esp_authentication)
    encryption_algorithm = serializers.ChoiceField((*_ESP_CIPHERS, MULTIPLE))
    encryption_algorithms = _several(EVERYTHING.esp_encryption)
    pfs = serializers.ChoiceField((*EVERYTHING.pfs, MULTIPLE))
    pfs_groups = _several(EVERYTHING.pfs)
    encapsulation_mode = serializers.ChoiceField(("tunnel",))
    transform_protocol = serializers.ChoiceField(("esp",))


IKEPolicyList = paged("ike_policies", IKEPolicy)
IPsecPolicyList = paged("ipsec_policies", IPsecPolicy)
