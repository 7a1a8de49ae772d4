"""Routes of networks, gateways, connections and their CIDRs, without trailing slashes."""

from django.urls import path

from vpn.api.views import cidrs, connections, gateways, members, networks, subnets

_GATEWAY = "/vpn_gateways/<str:vpn_gateway_id>"
_CONNECTION = f"{_GATEWAY}/connections/<str:connection_id>"
_REGION = "/regions/<str:region_name>"
_VPC = "/vpcs/<str:vpc_id>"

urlpatterns = [
    path("/vpn_gateways", gateways.GatewaysView.as_view(), name="api-gateways"),
    path(_GATEWAY, gateways.GatewayView.as_view(), name="api-gateway"),
    path(f"{_GATEWAY}/members", members.MembersView.as_view(), name="api-members"),
    path(f"{_GATEWAY}/members/<str:member_id>", members.MemberView.as_view(), name="api-member"),
    path(f"{_GATEWAY}/advertised_cidrs", members.AdvertisedCidrsView.as_view(), name="api-advertised-cidrs"),
    path(
        f"{_GATEWAY}/advertised_cidrs/<path:cidr>",
        members.AdvertisedCidrView.as_view(),
        name="api-advertised-cidr",
    ),
    path(
        f"{_GATEWAY}/service_connections",
        members.ServiceConnectionsView.as_view(),
        name="api-service-connections",
    ),
    path(
        f"{_GATEWAY}/service_connections/<str:service_connection_id>",
        members.ServiceConnectionView.as_view(),
        name="api-service-connection",
    ),
    path(f"{_GATEWAY}/connections", connections.ConnectionsView.as_view(), name="api-connections"),
    path(_CONNECTION, connections.ConnectionView.as_view(), name="api-connection"),
    path(f"{_CONNECTION}/local_cidrs", cidrs.CidrsView.as_view(), name="api-local-cidrs"),
    path(f"{_CONNECTION}/local_cidrs/<path:cidr>", cidrs.CidrView.as_view(), name="api-local-cidr"),
    path(f"{_CONNECTION}/local/cidrs", cidrs.CidrsView.as_view()),
    path(f"{_CONNECTION}/local/cidrs/<path:cidr>", cidrs.CidrView.as_view()),
    path(f"{_CONNECTION}/peer_cidrs", cidrs.PeerCidrsView.as_view(), name="api-peer-cidrs"),
    path(f"{_CONNECTION}/peer_cidrs/<path:cidr>", cidrs.PeerCidrView.as_view(), name="api-peer-cidr"),
    path(f"{_CONNECTION}/peer/cidrs", cidrs.PeerCidrsView.as_view()),
    path(f"{_CONNECTION}/peer/cidrs/<path:cidr>", cidrs.PeerCidrView.as_view()),
    path(
        "/ike_policies/<str:ike_policy_id>/connections",
        connections.IKEPolicyConnectionsView.as_view(),
        name="api-ike-policy-connections",
    ),
    path(
        "/ipsec_policies/<str:ipsec_policy_id>/connections",
        connections.IPsecPolicyConnectionsView.as_view(),
        name="api-ipsec-policy-connections",
    ),
    path("/regions", networks.RegionsView.as_view(), name="api-regions"),
    path(_REGION, networks.RegionView.as_view(), name="api-region"),
    path(f"{_REGION}/zones", networks.ZonesView.as_view(), name="api-zones"),
    path(f"{_REGION}/zones/<str:zone_name>", networks.ZoneView.as_view(), name="api-zone"),
    path("/vpcs", networks.VpcsView.as_view(), name="api-vpcs"),
    path(_VPC, networks.VpcView.as_view(), name="api-vpc"),
    path(f"{_VPC}/address_prefixes", networks.AddressPrefixesView.as_view(), name="api-address-prefixes"),
    path(
        f"{_VPC}/address_prefixes/<str:prefix_id>",
        networks.AddressPrefixView.as_view(),
        name="api-address-prefix",
    ),
    path("/subnets", subnets.SubnetsView.as_view(), name="api-subnets"),
    path("/subnets/<str:subnet_id>", subnets.SubnetView.as_view(), name="api-subnet"),
    path(
        "/subnets/<str:subnet_id>/reserved_ips",
        subnets.ReservedIpsView.as_view(),
        name="api-reserved-ips",
    ),
    path(
        "/subnets/<str:subnet_id>/reserved_ips/<str:reserved_ip_id>",
        subnets.ReservedIpView.as_view(),
        name="api-reserved-ip",
    ),
    path("/instances", subnets.InstancesView.as_view(), name="api-instances"),
    path("/instances/<str:instance_id>", subnets.InstanceView.as_view(), name="api-instance"),
]
