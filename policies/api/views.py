"""The policy operations of the API (contract section 2.4), but for lists of connections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.core.api.dry_run import DryRunWarning, creates, refusals, updates
from console.core.api.parameters import RESOURCE_GROUP
from console.core.api.views import ApiView, path_id
from console.core.registry import Interruption, watch_interruptions
from policies import services
from policies.api import responses as schemas
from policies.api.requests import IKEPolicyCreate, IKEPolicyPatch, IPsecPolicyCreate, IPsecPolicyPatch
from policies.api.versions import POLICY
from policies.domain.generations import BY_GENERATION, ApiAlgorithms
from policies.domain.spelling import one_spelling
from policies.models import IKEPolicy, IPsecPolicy
from policies.strength import describe_warning, warnings_of


class PolicyApiView(ApiView):
    """What views of policies share."""

    changes = POLICY
    made: IKEPolicy | IPsecPolicy

    @property
    def algorithms(self) -> ApiAlgorithms:
        """The words that the request's generation has."""
        return BY_GENERATION[self.version.generation]

    def editable(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """One spelling of each kind of algorithm, since both at once are refused."""
        return one_spelling(body, lists=self.version.generation > 1)

    def warnings(self, body: Mapping[str, Any]) -> Iterable[DryRunWarning]:
        return [DryRunWarning("weak_algorithm", describe_warning(weak)) for weak in warnings_of(self.made)]


class IKEPoliciesView(PolicyApiView):
    """IKE policies of the account: what phase 1 may negotiate."""

    name = "IKE policies"
    requests = {"POST": IKEPolicyCreate}
    responses = {"GET": schemas.IKEPolicyList, "POST": schemas.IKEPolicy}
    filters = (RESOURCE_GROUP,)

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(services.ike_policies_of(self.actor))
        page = self.page(rows.prefetch_related("connections"), "ike_policies", filters=filters)
        return self.respond(page)

    @creates
    def post(self, request: Request) -> Response:
        algorithms = self.algorithms
        fields = self.read(
            IKEPolicyCreate, check=lambda f: services.check_ike_policy(self.actor, f, algorithms)
        )
        self.made = services.create_ike_policy(self.actor, fields, algorithms)
        return self.respond(self.made, status=201)


class IKEPolicyView(PolicyApiView):
    """One IKE policy. A change reaches the gateways that use it at once."""

    name = "IKE policy"
    requests = {"PATCH": IKEPolicyPatch}
    responses = {"GET": schemas.IKEPolicy, "PATCH": schemas.IKEPolicy}

    def get(self, request: Request, ike_policy_id: str) -> Response:
        policy = services.get_ike_policy(self.actor, _ike(ike_policy_id))
        return self.respond(policy)

    def interruptions(self, ike_policy_id: str) -> Callable[[], list[Interruption]]:
        policies = services.ike_policies_of(self.actor)
        return watch_interruptions(policies.filter(pk=_ike(ike_policy_id)).first())

    @updates
    def patch(self, request: Request, ike_policy_id: str) -> Response:
        ident = _ike(ike_policy_id)
        check = refusals(lambda given: services.update_ike_policy(self.actor, ident, given, self.algorithms))
        fields = self.read(IKEPolicyPatch, of=lambda: services.get_ike_policy(self.actor, ident), check=check)
        policy = services.update_ike_policy(self.actor, ident, fields, self.algorithms)
        return self.respond(policy)

    @updates
    def delete(self, request: Request, ike_policy_id: str) -> Response:
        services.delete_ike_policy(self.actor, _ike(ike_policy_id))
        return self.deleted()


class IPsecPoliciesView(PolicyApiView):
    """IPsec policies of the account: what phase 2 may negotiate."""

    name = "IPsec policies"
    requests = {"POST": IPsecPolicyCreate}
    responses = {"GET": schemas.IPsecPolicyList, "POST": schemas.IPsecPolicy}
    filters = (RESOURCE_GROUP,)

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(services.ipsec_policies_of(self.actor))
        page = self.page(rows.prefetch_related("connections"), "ipsec_policies", filters=filters)
        return self.respond(page)

    @creates
    def post(self, request: Request) -> Response:
        algorithms = self.algorithms
        fields = self.read(
            IPsecPolicyCreate, check=lambda f: services.check_ipsec_policy(self.actor, f, algorithms)
        )
        self.made = services.create_ipsec_policy(self.actor, fields, algorithms)
        return self.respond(self.made, status=201)


class IPsecPolicyView(PolicyApiView):
    """One IPsec policy. A change reaches the gateways that use it at once."""

    name = "IPsec policy"
    requests = {"PATCH": IPsecPolicyPatch}
    responses = {"GET": schemas.IPsecPolicy, "PATCH": schemas.IPsecPolicy}

    def get(self, request: Request, ipsec_policy_id: str) -> Response:
        policy = services.get_ipsec_policy(self.actor, _ipsec(ipsec_policy_id))
        return self.respond(policy)

    def interruptions(self, ipsec_policy_id: str) -> Callable[[], list[Interruption]]:
        policies = services.ipsec_policies_of(self.actor)
        return watch_interruptions(policies.filter(pk=_ipsec(ipsec_policy_id)).first())

    @updates
    def patch(self, request: Request, ipsec_policy_id: str) -> Response:
        ident = _ipsec(ipsec_policy_id)
        check = refusals(
            lambda given: services.update_ipsec_policy(self.actor, ident, given, self.algorithms)
        )
        fields = self.read(
            IPsecPolicyPatch, of=lambda: services.get_ipsec_policy(self.actor, ident), check=check
        )
        policy = services.update_ipsec_policy(self.actor, ident, fields, self.algorithms)
        return self.respond(policy)

    @updates
    def delete(self, request: Request, ipsec_policy_id: str) -> Response:
        services.delete_ipsec_policy(self.actor, _ipsec(ipsec_policy_id))
        return self.deleted()


def _ike(text: str) -> UUID:
    return path_id(text, "ike_policy_not_found", "IKE policy")


def _ipsec(text: str) -> UUID:
    return path_id(text, "ipsec_policy_not_found", "IPsec policy")
