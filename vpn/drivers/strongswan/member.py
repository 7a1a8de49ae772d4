"""The plumbing of one gateway member: links, shadow addresses, routes, and the public address.

Everything is read first and only the difference is written, so that a pass over a member that is
as it should be starts no process at all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network

from vpn.domain.actions import Plumb
from vpn.domain.spec import MemberRole, MemberSpec, SubnetSpec
from vpn.drivers.base import DriverError
from vpn.drivers.strongswan import esp, filters, names, netns, reading
from vpn.drivers.strongswan.fabric import Fabric, look, unplug
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK

# The last resort behind charon's own routes: with the tunnel down there is no other way out.
_LAST = 4294967295
# A VPC's own subnets come first, whatever a peer is said to have: with an equal metric `replace` would
# take the subnet's route away.
_BEHIND_OWN = 100

# accept_local: the shadow of a /32 local CIDR is the instance's own address, and its packets must
# not be taken for forged. arp_ignore: nor may the member answer for it.
_SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/accept_local": "1",
    "net/ipv4/conf/all/arp_ignore": "1",
    "net/ipv4/conf/all/arp_announce": "2",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    # The packet filter knows an echo reply to a request from the provider's side by it.
    "net/ipv4/fwmark_reflect": "1",
}


@dataclass(frozen=True, slots=True)
class Plumbing:
    fabric: Fabric
    kernel_esp: bool

    def namespace(self, member: MemberSpec) -> str:
        return self.fabric.names.member(member.gateway_id, member.index)

    def ensure_links(self, member: MemberSpec) -> bool:
        """Namespace, both links, the address in the subnet, rules. Whether anything was missing."""
        namespace = self.namespace(member)
        self.fabric.ensure_provider()
        self.fabric.ensure_subnets(
            member.vpc_id, [SubnetSpec(member.subnet_id, member.subnet_cidr, member.router_address)]
        )
        if not self.drift(member):
            return False
        fresh = namespace in netns.create(namespace)
        # Closed before it forwards, and before there is a link.
        if fresh or netns.within(namespace, self._is_open):
            filters.load(namespace)
        netns.prepare(namespace, _SETTINGS)
        self._plug(member, fresh=fresh)
        netns.batch(_subnet_address(member, look(namespace)), what="address the member", namespace=namespace)
        return True

    def _plug(self, member: MemberSpec, *, fresh: bool) -> None:
        """Both links, and the rules; nothing has to be read in a namespace that was just made."""
        namespace, end = self.namespace(member), names.member_end(member.gateway_id, member.index)
        far_ends = {
            SUBNET_LINK: (self.fabric.names.vpc(member.vpc_id), names.subnet_bridge(member.subnet_id)),
            PUBLIC_LINK: (self.fabric.names.provider, names.PROVIDER_BRIDGE),
        }
        lines, seen = _rules("" if fresh else namespace), look(namespace)
        for number, (link, (into, _)) in enumerate(far_ends.items()):
            if link not in seen.links:
                unplug(into, end)
                lines += netns.veth(link, end, into, number)
        if self.kernel_esp and TUNNEL_LINK not in seen.links:
            lines += esp.device(TUNNEL_LINK, PUBLIC_LINK)
        netns.batch(lines, what="plug in the member", namespace=namespace)
        for into, bridge in far_ends.values():
            netns.batch([f"link set {end} master {bridge} up"], what=f"plug in {end}", namespace=into)

    def drift(self, member: MemberSpec) -> str:
        """What is not there, or not as it should be, of all that does not depend on role and CIDRs;
        in words, empty when nothing is missing."""
        namespace = self.namespace(member)
        return netns.within(namespace, partial(self._drift, member)) if netns.exists(namespace) else "all"

    def _drift(self, member: MemberSpec) -> str:
        """Within the namespace."""
        seen = reading.look()
        # The subnet address is given last. A far end can be gone only together with its link.
        links = {PUBLIC_LINK, TUNNEL_LINK} if self.kernel_esp else {PUBLIC_LINK}
        if not seen.has_only(SUBNET_LINK, member.private_address) or not links <= seen.links:
            return "links"
        if self._is_open():
            return "packet filter"
        return "kernel settings" if netns.differing(_SETTINGS) else ""

    def _is_open(self) -> bool:
        return filters.digest() != filters.wanted()

    def plumb(self, member: MemberSpec, wanted: Plumb) -> None:
        """Role and routes."""
        active = wanted.role is MemberRole.ACTIVE
        namespace, seen = self.namespace(member), look(self.namespace(member))
        router = self.fabric.names.vpc(member.vpc_id)
        towards = look(router).via(member.private_address)
        served = wanted.peer_cidrs if active else frozenset()
        # Never a moment in which the VPC sends here what is not yet, or no longer, closed.
        netns.batch(
            (f"route del {cidr} via {member.private_address}" for cidr in sorted(towards - served)),
            what="take back routes of the VPC",
            namespace=router,
        )
        if active:
            self.fence(member)
        public = seen.addresses.get(PUBLIC_LINK, frozenset())
        netns.batch(
            [
                *_close(seen, wanted.peer_cidrs),
                *_shadows(seen, wanted.local_cidrs),
                *self._tunnel_routes(namespace, wanted.peer_cidrs),
                *_inner_routes(member, seen, wanted.local_cidrs),
                *self._public(member, public, active),
            ],
            what="plumb the member",
            namespace=namespace,
        )
        if active and public != {member.public_address}:
            netns.within(namespace, lambda: reading.announce(PUBLIC_LINK, member.public_address))
        netns.batch(
            (
                f"route replace {cidr} via {member.private_address} metric {_BEHIND_OWN}"
                for cidr in sorted(served - towards)
            ),
            what="route the VPC to the member",
            namespace=router,
        )

    def _tunnel_routes(self, namespace: str, peer_cidrs: frozenset[str]) -> list[str]:
        """User-space ESP makes its own."""
        if not self.kernel_esp:
            return []
        return esp.routes(netns.within(namespace, esp.routed), peer_cidrs, TUNNEL_LINK)

    def _public(self, member: MemberSpec, public: frozenset[str], active: bool) -> list[str]:
        if not active:
            return [f"addr flush dev {PUBLIC_LINK}"] if public else []
        if public == {member.public_address}:
            return []
        return [
            f"addr flush dev {PUBLIC_LINK}",
            f"addr add {member.public_address}/{self.fabric.provider_prefix} dev {PUBLIC_LINK}",
            f"route replace default via {self.fabric.provider_address} dev {PUBLIC_LINK}",
        ]

    def fence(self, member: MemberSpec) -> None:
        """Take the public address from the fellow, whatever state that is in."""
        fellow = self.fabric.names.member(member.gateway_id, 1 - member.index)
        if look(fellow).addresses.get(PUBLIC_LINK):
            flush = esp.FLUSH if self.kernel_esp else ()
            lines = [f"addr flush dev {PUBLIC_LINK}", *flush]
            netns.batch(lines, what="fence the other member", namespace=fellow)

    def forget_tunnel_device(self, member: MemberSpec) -> None:
        """And what the kernel holds for it: the next charon is of another kind."""
        namespace = self.namespace(member)
        for line in (*esp.FLUSH, f"link del {TUNNEL_LINK}"):
            # Nothing to take away, or no XFRM in the kernel.
            with suppress(DriverError):
                netns.batch([line], what="forget the tunnel device", namespace=namespace)

    def see(self, member: MemberSpec) -> tuple[reading.Sight, reading.Sight]:
        """The member's own namespace, and its VPC's router."""
        return look(self.namespace(member)), look(self.fabric.names.vpc(member.vpc_id))

    def remove(self, member: MemberSpec) -> None:
        """Links, routes and namespace; half-made ones too. Its charon is gone already."""
        router = self.fabric.names.vpc(member.vpc_id)
        end = names.member_end(member.gateway_id, member.index)
        netns.batch(
            (
                f"route del {cidr} via {member.private_address}"
                for cidr in sorted(look(router).via(member.private_address))
            ),
            what="take back routes of the VPC",
            namespace=router,
        )
        unplug(router, end)
        unplug(self.fabric.names.provider, end)
        netns.delete(self.namespace(member))


def _subnet_address(member: MemberSpec, seen: reading.Sight) -> list[str]:
    if seen.has_only(SUBNET_LINK, member.private_address):
        return []
    prefix = IPv4Network(member.subnet_cidr).prefixlen
    return [
        f"addr flush dev {SUBNET_LINK}",
        f"link set {SUBNET_LINK} address {names.hardware_address(member.private_address)}",
        f"addr add {member.private_address}/{prefix} dev {SUBNET_LINK}",
    ]


def _rules(namespace: str) -> list[str]:
    """What comes out of the tunnel is only ever forwarded: never to the member's own addresses,
    and a /32 local CIDR (whose shadow is the instance's address) goes on to the instance."""
    standing = {"0"}
    if namespace:
        listed = netns.run(["ip", "rule", "list"], what="list rules", namespace=namespace)
        standing = {line.partition(":")[0] for line in listed.splitlines()}
    return (
        ([] if "10" in standing else ["rule add pref 10 lookup local"])
        + ([] if "5" in standing else [f"rule add pref 5 iif {TUNNEL_LINK} lookup main"])
        + (["rule del pref 0"] if "0" in standing else [])
    )


def _close(seen: reading.Sight, peer_cidrs: frozenset[str]) -> list[str]:
    standing = seen.unreachable()
    return [f"route add unreachable {cidr} metric {_LAST}" for cidr in sorted(peer_cidrs - standing)] + [
        f"route del unreachable {cidr} metric {_LAST}" for cidr in sorted(standing - peer_cidrs)
    ]


def shadow(cidr: str) -> str:
    """User-space ESP refuses a policy unless an own address lies inside: the network address, which
    no instance can have."""
    return str(IPv4Network(cidr).network_address)


def _shadows(seen: reading.Sight, local_cidrs: frozenset[str]) -> list[str]:
    wanted = {shadow(cidr) for cidr in local_cidrs}
    standing = seen.addresses.get("lo", frozenset()) - {"127.0.0.1"}
    return [f"addr add {address}/32 dev lo" for address in sorted(wanted - standing)] + [
        f"addr del {address}/32 dev lo" for address in sorted(standing - wanted)
    ]


def _inner_routes(member: MemberSpec, seen: reading.Sight, local_cidrs: frozenset[str]) -> list[str]:
    """Local CIDRs beyond the member's own subnet lie behind the VPC's router."""
    own = IPv4Network(member.subnet_cidr)
    wanted = {cidr for cidr in local_cidrs if not IPv4Network(cidr).subnet_of(own)}
    standing = {net for net, hop, link in seen.routes if hop == member.router_address and link == SUBNET_LINK}
    return [f"route replace {cidr} via {member.router_address}" for cidr in sorted(wanted - standing)] + [
        f"route del {cidr} via {member.router_address}" for cidr in sorted(standing - wanted)
    ]
