"""Objects of responses: policies (contract sections 4.5 to 4.7).

A policy may have algorithms of another version than the requested one: responses have all words.
"""

from __future__ import annotations

from dataclasses import replace

from console.core.api.response_schema import (
    IDENTIFIER,
    INTEGER,
    STRING,
    TIMESTAMP,
    URL,
    Field,
    Many,
    ResponseSchema,
    choice,
    constant,
    link_to,
)
from console.core.api.responses import ResourceGroupReference, paged
from console.core.api.versions import GENERATION_2
from policies import models
from policies.domain.generations import EVERYTHING
from policies.models import MULTIPLE, MULTIPLE_GROUPS

# triple_des was called 3des at first.
_CIPHERS = (*EVERYTHING.encryption, "3des")
_ESP_CIPHERS = (*EVERYTHING.esp_encryption, "3des")


class ConnectionReference(ResponseSchema):
    """A connection of a VPN gateway."""

    id = Field(IDENTIFIER)
    href = Field(URL, link_to("vpn_gateways", "gateway_id", "connections"))
    name = Field(STRING)
    resource_type = constant("vpn_gateway_connection")


def _is_ike(policy: models.IKEPolicy | models.IPsecPolicy) -> bool:
    return isinstance(policy, models.IKEPolicy)


class PolicyReference(ResponseSchema, shared=True):
    """An IKE or IPsec policy."""

    id = Field(IDENTIFIER)
    href = Field(
        URL,
        lambda policy, context: context.links.href(
            "ike_policies" if _is_ike(policy) else "ipsec_policies", policy.id
        ),
    )
    name = Field(STRING)
    resource_type = Field(
        choice("ike_policy", "ipsec_policy"),
        lambda policy, context: "ike_policy" if _is_ike(policy) else "ipsec_policy",
    )


class Policy(PolicyReference):
    """What both kinds share; each kind says which words its algorithms have. Generation 1 has one
    algorithm of each kind: of several it says `multiple`."""

    created_at = Field(TIMESTAMP)
    resource_group = Field(ResourceGroupReference)
    authentication_algorithm = Field(STRING)
    authentication_algorithms = Field(Many(STRING), since=GENERATION_2)
    encryption_algorithm = Field(
        STRING, lambda policy, context: context.version.cipher(policy.encryption_algorithm)
    )
    encryption_algorithms = Field(Many(STRING), since=GENERATION_2)
    key_lifetime = Field(INTEGER, description="Seconds.")
    connections = Field(Many(ConnectionReference), lambda policy, context: policy.connections.all())


def _one(field: Field, *words: str) -> Field:
    """The field, with the words of a kind of policy."""
    return replace(field, type=choice(*words, MULTIPLE))


def _several(field: Field, *words: str) -> Field:
    return replace(field, type=Many(choice(*words)))


class IKEPolicy(Policy):
    """What phase 1 may negotiate. With several of a kind the singular field says so."""

    authentication_algorithm = _one(Policy.authentication_algorithm, *EVERYTHING.authentication)
    authentication_algorithms = _several(Policy.authentication_algorithms, *EVERYTHING.authentication)
    encryption_algorithm = _one(Policy.encryption_algorithm, *_CIPHERS)
    encryption_algorithms = _several(Policy.encryption_algorithms, *EVERYTHING.encryption)
    dh_group = Field(choice(*EVERYTHING.dh_groups, MULTIPLE_GROUPS))
    dh_groups = Field(Many(choice(*EVERYTHING.dh_groups)), since=GENERATION_2)
    ike_version = Field(choice(*EVERYTHING.ike_versions))
    negotiation_mode = constant("main")


class IPsecPolicy(Policy):
    """What phase 2 may negotiate. With several of a kind the singular field says so."""

    authentication_algorithm = _one(Policy.authentication_algorithm, *EVERYTHING.esp_authentication)
    authentication_algorithms = _several(Policy.authentication_algorithms, *EVERYTHING.esp_authentication)
    encryption_algorithm = _one(Policy.encryption_algorithm, *_ESP_CIPHERS)
    encryption_algorithms = _several(Policy.encryption_algorithms, *EVERYTHING.esp_encryption)
    pfs = Field(choice(*EVERYTHING.pfs, MULTIPLE))
    pfs_groups = Field(Many(choice(*EVERYTHING.pfs)), since=GENERATION_2)
    encapsulation_mode = constant("tunnel")
    transform_protocol = constant("esp")


IKEPolicyList = paged("ike_policies", IKEPolicy)
IPsecPolicyList = paged("ipsec_policies", IPsecPolicy)
