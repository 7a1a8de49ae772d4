"""Routes of policies; the lists of the connections that use them are vpn's."""

from django.urls import path

from policies.api.views import IKEPoliciesView, IKEPolicyView, IPsecPoliciesView, IPsecPolicyView

urlpatterns = [
    path("/ike_policies", IKEPoliciesView.as_view(), name="api-ike-policies"),
    path("/ike_policies/<str:ike_policy_id>", IKEPolicyView.as_view(), name="api-ike-policy"),
    path("/ipsec_policies", IPsecPoliciesView.as_view(), name="api-ipsec-policies"),
    path("/ipsec_policies/<str:ipsec_policy_id>", IPsecPolicyView.as_view(), name="api-ipsec-policy"),
]
