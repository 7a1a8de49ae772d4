"""The policy operations of the API (contract section 2.4), but for lists of connections."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from console.api.views import ApiView, path_id
from policies import services
from policies.api.bodies import ike_policy_body, ipsec_policy_body
from policies.api.shapes import IKEPolicyCreate, IKEPolicyPatch, IPsecPolicyCreate, IPsecPolicyPatch


class IKEPoliciesView(ApiView):
    """IKE policies of the account: what phase 1 may negotiate."""

    name = "IKE policies"
    shapes = {"POST": IKEPolicyCreate}

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(services.ike_policies_of(self.actor))
        page = self.page(rows.prefetch_related("connections"), "ike_policies", filters=filters)
        items = [ike_policy_body(row, self.links, self.version) for row in page.rows]
        return Response(page.body("ike_policies", items))

    def post(self, request: Request) -> Response:
        fields = self.read(IKEPolicyCreate, check=lambda f: services.check_ike_policy(self.actor, f))
        policy = services.create_ike_policy(self.actor, fields)
        return Response(ike_policy_body(policy, self.links, self.version), status=201)


class IKEPolicyView(ApiView):
    """One IKE policy. A change reaches the gateways that use it at once."""

    name = "IKE policy"
    shapes = {"PATCH": IKEPolicyPatch}

    def get(self, request: Request, ike_policy_id: str) -> Response:
        policy = services.get_ike_policy(self.actor, _ike(ike_policy_id))
        return self.answer(ike_policy_body(policy, self.links, self.version))

    def patch(self, request: Request, ike_policy_id: str) -> Response:
        ident = _ike(ike_policy_id)
        fields = self.read(IKEPolicyPatch, of=lambda: services.get_ike_policy(self.actor, ident))
        policy = services.update_ike_policy(self.actor, ident, fields)
        return self.answer(ike_policy_body(policy, self.links, self.version))

    def delete(self, request: Request, ike_policy_id: str) -> Response:
        services.delete_ike_policy(self.actor, _ike(ike_policy_id))
        return Response(status=204)


class IPsecPoliciesView(ApiView):
    """IPsec policies of the account: what phase 2 may negotiate."""

    name = "IPsec policies"
    shapes = {"POST": IPsecPolicyCreate}

    def get(self, request: Request) -> Response:
        rows, filters = self.resource_group_filter(services.ipsec_policies_of(self.actor))
        page = self.page(rows.prefetch_related("connections"), "ipsec_policies", filters=filters)
        items = [ipsec_policy_body(row, self.links, self.version) for row in page.rows]
        return Response(page.body("ipsec_policies", items))

    def post(self, request: Request) -> Response:
        fields = self.read(IPsecPolicyCreate, check=lambda f: services.check_ipsec_policy(self.actor, f))
        policy = services.create_ipsec_policy(self.actor, fields)
        return Response(ipsec_policy_body(policy, self.links, self.version), status=201)


class IPsecPolicyView(ApiView):
    """One IPsec policy. A change reaches the gateways that use it at once."""

    name = "IPsec policy"
    shapes = {"PATCH": IPsecPolicyPatch}

    def get(self, request: Request, ipsec_policy_id: str) -> Response:
        policy = services.get_ipsec_policy(self.actor, _ipsec(ipsec_policy_id))
        return self.answer(ipsec_policy_body(policy, self.links, self.version))

    def patch(self, request: Request, ipsec_policy_id: str) -> Response:
        ident = _ipsec(ipsec_policy_id)
        fields = self.read(IPsecPolicyPatch, of=lambda: services.get_ipsec_policy(self.actor, ident))
        policy = services.update_ipsec_policy(self.actor, ident, fields)
        return self.answer(ipsec_policy_body(policy, self.links, self.version))

    def delete(self, request: Request, ipsec_policy_id: str) -> Response:
        services.delete_ipsec_policy(self.actor, _ipsec(ipsec_policy_id))
        return Response(status=204)


def _ike(text: str) -> UUID:
    return path_id(text, "ike_policy_not_found", "IKE policy")


def _ipsec(text: str) -> UUID:
    return path_id(text, "ipsec_policy_not_found", "IPsec policy")
