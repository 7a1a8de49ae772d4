"""The two kinds of policy, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from console.core.actor import Actor
from console.core.web.forms import RuleForm
from policies import services
from policies.models import IKEPolicy, IPsecPolicy
from policies.web.forms import IKEPolicyForm, IPsecPolicyForm, ike_initial, ipsec_initial

Policy = IKEPolicy | IPsecPolicy


@dataclass(frozen=True, slots=True)
class Kind:
    """`word` is the prefix of its route names and of the filter of connections by policy."""

    word: str
    noun: str
    plural: str
    phase: str
    model: type[Policy]
    form: type[RuleForm]
    initial: Callable[[Any], dict[str, Any]]
    create: Callable[..., Policy]
    update: Callable[..., Policy]
    get: Callable[[Actor, UUID], Policy]
    delete: Callable[[Actor, UUID], None]

    @property
    def list_url(self) -> str:
        return f"{self.word}_policies"

    @property
    def filter(self) -> str:
        return f"{self.word}_policy"


IKE = Kind(
    "ike", "IKE policy", "IKE policies", "phase 1", IKEPolicy, IKEPolicyForm, ike_initial,
    services.create_ike_policy, services.update_ike_policy,
    services.get_ike_policy, services.delete_ike_policy,
)  # fmt: skip
IPSEC = Kind(
    "ipsec", "IPsec policy", "IPsec policies", "phase 2", IPsecPolicy, IPsecPolicyForm, ipsec_initial,
    services.create_ipsec_policy, services.update_ipsec_policy,
    services.get_ipsec_policy, services.delete_ipsec_policy,
)  # fmt: skip
KINDS = {kind.word: kind for kind in (IKE, IPSEC)}
