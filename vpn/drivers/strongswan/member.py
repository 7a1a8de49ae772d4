"""The network configuration of one gateway member: links, anchor addresses, routes, the public address.

Everything is read first and only the difference is written, so that a run over a member that is as it
should be starts no process at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from typing import NamedTuple

from vpn.domain.actions import ConfigureNetwork
from vpn.domain.spec import MemberRole, MemberSpec, SubnetSpec
from vpn.drivers.base import DriverError
from vpn.drivers.strongswan import esp, filters, names, netns, reading, routing
from vpn.drivers.strongswan.fabric import Fabric, inspect_namespace, is_port, observe_router, unplug
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK

# accept_local: the anchor address of a /32 local CIDR is the instance's own address, and its packets must
# not be dropped as spoofed. arp_ignore: the member must not answer ARP for it.
_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/accept_local": "1",
    "net/ipv4/conf/all/arp_ignore": "1",
    "net/ipv4/conf/all/arp_announce": "2",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    # Lets the packet filter recognise an echo reply to a request from the provider's side.
    "net/ipv4/fwmark_reflect": "1",
    # Packets queued for an unresolved neighbour count against the send buffer of charon's only socket:
    # replies to forged sources would stop all its tunnels. Three attempts in 0.3 s instead of 3 s, and one
    # packet per neighbour.
    f"net/ipv4/neigh/{PUBLIC_LINK}/retrans_time_ms": "100",
    f"net/ipv4/neigh/{PUBLIC_LINK}/unres_qlen_bytes": "0",
}


class ObservedNetwork(NamedTuple):
    """The states of a member's namespace and of its VPC's router, and what is missing or wrong."""

    member: reading.NamespaceState
    router: reading.NamespaceState
    drift: str


@dataclass(frozen=True, slots=True)
class MemberNetwork:
    fabric: Fabric
    kernel_esp: bool

    def namespace(self, member: MemberSpec) -> str:
        return self.fabric.names.member(member.gateway_id, member.index)

    def ensure_links(self, member: MemberSpec) -> bool:
        """Create namespace, both links, the address in the subnet, rules. Whether anything was missing."""
        namespace = self.namespace(member)
        self.fabric.ensure_provider()
        self.fabric.ensure_subnets(
            member.vpc_id, [SubnetSpec(member.subnet_id, member.subnet_cidr, member.router_address)]
        )
        if not self.drift(member):
            return False
        fresh = namespace in netns.create(namespace)
        # The filter is loaded before forwarding is enabled and before there is a link.
        if fresh or netns.within(namespace, self._is_open):
            filters.load(namespace)
        netns.prepare(namespace, _SETTINGS)
        self._plug(member)
        # Again, for the settings of the link.
        netns.prepare(namespace, _SETTINGS)
        netns.batch(
            _subnet_address(member, inspect_namespace(namespace)),
            what="address the member",
            namespace=namespace,
        )
        return True

    def _plug(self, member: MemberSpec) -> None:
        """Create the rules, then both links."""
        namespace, end = self.namespace(member), names.member_end(member.gateway_id, member.index)
        far_ends = self._far_ends(member)
        seen = inspect_namespace(namespace)
        # A route needs a link that is up.
        down = (far_ends.keys() | {TUNNEL_LINK}) & seen.links - seen.up
        lines = [*(f"link set {link} up" for link in sorted(down)), *self._routing(member, seen)]
        for number, (link, (into, _)) in enumerate(far_ends.items()):
            if link not in seen.links:
                unplug(into, end)
                lines += netns.veth(link, end, into, number)
        if self.kernel_esp and TUNNEL_LINK not in seen.links:
            lines += esp.device(TUNNEL_LINK, PUBLIC_LINK)
        netns.batch(lines, what="plug in the member", namespace=namespace)
        for into, bridge in far_ends.values():
            netns.batch([f"link set {end} master {bridge} up"], what=f"plug in {end}", namespace=into)

    def _far_ends(self, member: MemberSpec) -> dict[str, tuple[str, str]]:
        """Namespace and bridge that each link of the member leads to."""
        return {
            SUBNET_LINK: (self.fabric.names.vpc(member.vpc_id), names.subnet_bridge(member.subnet_id)),
            PUBLIC_LINK: (self.fabric.names.provider, names.PROVIDER_BRIDGE),
        }

    def drift(self, member: MemberSpec) -> str:
        """The part of the network configuration that is missing or wrong, apart from what depends on role
        and CIDRs; empty if there is none."""
        return self.observe(member).drift

    def observe(self, member: MemberSpec) -> ObservedNetwork:
        """Each namespace is entered once: it takes longer than to read it."""
        namespace, end = self.namespace(member), names.member_end(member.gateway_id, member.index)
        seen, drift = netns.within_existing(namespace, partial(self._observe, member), (reading.EMPTY, "all"))
        router, bridge = self._far_ends(member)[SUBNET_LINK]
        known, router_drift = observe_router(router, end, bridge)
        provider, bridge = self._far_ends(member)[PUBLIC_LINK]
        drift = drift or router_drift or ("" if is_port(provider, end, bridge) else "links")
        return ObservedNetwork(seen, known, drift)

    def _observe(self, member: MemberSpec) -> tuple[reading.NamespaceState, str]:
        """Within the namespace: its state, and its drift."""
        seen = reading.inspect()
        # The subnet address is set last. The tunnel device of user-space ESP exists with charon.
        links = {PUBLIC_LINK, SUBNET_LINK, "lo"} | ({TUNNEL_LINK} & seen.links)
        if self.kernel_esp:
            links.add(TUNNEL_LINK)
        if not seen.has_only(SUBNET_LINK, member.private_address) or not links <= seen.up:
            return seen, "links"
        if self._is_open():
            return seen, "packet filter"
        if self._routing(member, seen):
            return seen, "routing"
        return seen, "kernel settings" if netns.differing(_SETTINGS) else ""

    def _is_open(self) -> bool:
        return filters.digest() != filters.wanted()

    def configure_network(self, member: MemberSpec, wanted: ConfigureNetwork) -> None:
        """Role and routes."""
        active = wanted.role is MemberRole.ACTIVE
        namespace, seen = self.namespace(member), inspect_namespace(self.namespace(member))
        router = self.fabric.names.vpc(member.vpc_id)
        known = inspect_namespace(router)
        towards = known.via(member.private_address, routing.DEFAULT)
        served = wanted.peer_cidrs if active else frozenset()
        # Before the member stops serving them.
        netns.batch(
            _vpc_routes("del", member, towards - served), what="take back routes of the VPC", namespace=router
        )
        if active:
            self.fence(member)
        announced = seen.has_only(PUBLIC_LINK, member.public_address)
        public = member.public_address if active else ""
        netns.batch(
            [
                *routing.anchor_addresses(seen, wanted.local_cidrs),
                *self._tunnel_routes(seen, wanted.peer_cidrs),
                *_inner_routes(member, seen, wanted.local_cidrs),
                *self._underlay(member, seen, public),
            ],
            what="configure the member's network",
            namespace=namespace,
        )
        if active and not announced:
            netns.within(namespace, lambda: reading.announce(PUBLIC_LINK, member.public_address))
        # Earlier versions routed peer CIDRs in the table of the subnets.
        netns.batch(
            [
                *_vpc_routes("replace", member, served - towards),
                *_vpc_routes("del", member, known.via(member.private_address, routing.MAIN), routing.MAIN),
            ],
            what="route the VPC to the member",
            namespace=router,
        )

    def _tunnel_routes(self, seen: reading.NamespaceState, peer_cidrs: frozenset[str]) -> list[str]:
        """User-space ESP makes its own routes."""
        return esp.routes(seen.networks(routing.TUNNELS), peer_cidrs, TUNNEL_LINK) if self.kernel_esp else []

    def _underlay(self, member: MemberSpec, seen: reading.NamespaceState, public: str) -> list[str]:
        """Address, rules and routes; what needs the address is added after it and removed before it."""
        address, rest = self._public(seen, public), self._routing(member, seen, public)
        return [*address, *rest] if public else [*rest, *address]

    def _public(self, seen: reading.NamespaceState, public: str) -> list[str]:
        """The address gets no route by itself: the routes of the underlay are in a separate table."""
        there = seen.addresses.get(PUBLIC_LINK, frozenset())
        if there == (frozenset({public}) if public else frozenset()):
            return []
        prefix = self.fabric.provider_prefix
        add = [f"addr add {public}/{prefix} dev {PUBLIC_LINK} noprefixroute"] if public else []
        return [f"addr flush dev {PUBLIC_LINK}", *add]

    def _routing(
        self, member: MemberSpec, seen: reading.NamespaceState, public: str | None = None
    ) -> list[str]:
        """Changes to rules and underlay, for the public address that is set or will be."""
        if public is None:
            there = member.public_address in seen.addresses.get(PUBLIC_LINK, frozenset())
            public = member.public_address if there else ""
        return routing.changes(
            seen,
            routing.rules(public),
            routing.underlay(public, self.fabric.provider_cidr, self.fabric.provider_address),
            public,
        )

    def fence(self, member: MemberSpec) -> None:
        """Take the public address from the other member, whatever state that is in."""
        other = self.fabric.names.member(member.gateway_id, 1 - member.index)
        seen = inspect_namespace(other)
        if seen.addresses.get(PUBLIC_LINK):
            flush = esp.FLUSH if self.kernel_esp else ()
            lines = [*self._underlay(member, seen, ""), *flush]
            netns.batch(lines, what="fence the other member", namespace=other)

    def has_lost_tunnel_device(self, member: MemberSpec) -> bool:
        return self.lacks_tunnel_device(inspect_namespace(self.namespace(member)))

    def lacks_tunnel_device(self, seen: reading.NamespaceState) -> bool:
        """Whether that of user-space ESP is missing: only charon can create it, when it starts."""
        return not self.kernel_esp and TUNNEL_LINK not in seen.links

    def forget_tunnel_device(self, member: MemberSpec) -> None:
        """Remove the device and the kernel's SAs and policies: the next charon has the other kind of ESP."""
        namespace = self.namespace(member)
        for line in (*esp.FLUSH, f"link del {TUNNEL_LINK}"):
            # Nothing to remove, or no XFRM in the kernel.
            with suppress(DriverError):
                netns.batch([line], what="forget the tunnel device", namespace=namespace)

    def remove(self, member: MemberSpec) -> None:
        """Remove links, routes and namespace, including incomplete ones. Its charon is gone already."""
        router = self.fabric.names.vpc(member.vpc_id)
        end = names.member_end(member.gateway_id, member.index)
        known = inspect_namespace(router)
        netns.batch(
            [
                line
                for table in (routing.DEFAULT, routing.MAIN)
                for line in _vpc_routes("del", member, known.via(member.private_address, table), table)
            ],
            what="take back routes of the VPC",
            namespace=router,
        )
        unplug(router, end)
        unplug(self.fabric.names.provider, end)
        netns.delete(self.namespace(member))


def _subnet_address(member: MemberSpec, seen: reading.NamespaceState) -> list[str]:
    if seen.has_only(SUBNET_LINK, member.private_address):
        return []
    prefix = IPv4Network(member.subnet_cidr).prefixlen
    return [
        f"addr flush dev {SUBNET_LINK}",
        f"link set {SUBNET_LINK} address {names.hardware_address(member.private_address)}",
        f"addr add {member.private_address}/{prefix} dev {SUBNET_LINK}",
    ]


def _vpc_routes(
    verb: str, member: MemberSpec, cidrs: Iterable[str], table: int = routing.DEFAULT
) -> list[str]:
    """`ip` commands for routes of the VPC's router. It looks up the table `default` after the one with its
    subnets, so that the VPC's own subnets come first, whatever the peer CIDRs are."""
    return [f"route {verb} {cidr} via {member.private_address} table {table}" for cidr in sorted(cidrs)]


def _inner_routes(member: MemberSpec, seen: reading.NamespaceState, local_cidrs: frozenset[str]) -> list[str]:
    """Routes through the VPC's router to local CIDRs outside the member's own subnet."""
    wanted = _beyond(member, local_cidrs)
    existing = seen.via(member.router_address, routing.MAIN)
    way = f"via {member.router_address} dev {SUBNET_LINK}"
    return [f"route replace {cidr} {way}" for cidr in sorted(wanted - existing)] + [
        f"route del {cidr} {way}" for cidr in sorted(existing - wanted)
    ]


def _beyond(member: MemberSpec, local_cidrs: Iterable[str]) -> set[str]:
    own = IPv4Network(member.subnet_cidr)
    return {cidr for cidr in local_cidrs if not IPv4Network(cidr).subnet_of(own)}


def served(member: MemberSpec, seen: reading.NamespaceState, local_cidrs: Iterable[str]) -> frozenset[str]:
    """The local CIDRs of these that have an anchor address and a route."""
    lost = _beyond(member, local_cidrs) - seen.via(member.router_address, routing.MAIN)
    anchors = seen.addresses.get("lo", frozenset())
    return frozenset(cidr for cidr in local_cidrs if routing.anchor(cidr) in anchors and cidr not in lost)
