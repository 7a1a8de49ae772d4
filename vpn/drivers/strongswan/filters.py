"""The packet filter of a member: nothing passes in clear, in either direction.

Static and the same for every member, whatever its role, its connections and their CIDRs: it names
links only. So it can be loaded before a link is there and before forwarding is switched on.

- Forwarding: between the tunnel device and the subnet's link, in both directions, and nothing else.
- From the provider: IKE (UDP 500), NAT traversal and ESP in UDP (UDP 4500), ESP, the ICMP errors
  of path MTU discovery and diagnosis, and echo requests.
- Towards the provider: IKE, NAT traversal, ESP, and the answer to an echo request that came from
  there. What the kernel itself would say (an ICMP error about a packet of the VPC, an echo reply to
  a forged address) quotes packets of the VPC, and leaves by the tunnel or not at all.

An echo request is answered because it is the first thing that the owner of a peer tries: it tells
"no such address" and "no way there" from "UDP 500 is blocked". The reply holds nothing but what the
asker sent, and `fwmark_reflect` ties it to a request that arrived from the provider.

No sets: what is in a set is not part of the rule that names it, and would not be compared.
"""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache

from vpn.drivers.strongswan import netlink, netns
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK

# On what asked for an echo from the provider's side, and so on the answer.
ASKED = "0x1"

# The tunnel's MTU is 1400; where ICMP is blocked only the clamp keeps TCP from stalling. Fragments
# are whole again in `input` and still whole in `output`: ports can be named there.
_RULESET = """\
table ip isthmus
delete table ip isthmus
table inet isthmus
delete table inet isthmus
table inet isthmus {{
  chain asked {{
    type filter hook prerouting priority raw; policy accept;
    iifname "{public}" icmp type echo-request meta mark set {asked}
  }}
  chain clamp {{
    type filter hook forward priority mangle; policy accept;
    oifname "{tunnel}" tcp flags syn tcp option maxseg size set 1360
    iifname "{tunnel}" tcp flags syn tcp option maxseg size set 1360
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    iifname "{tunnel}" oifname "{subnet}" accept
    iifname "{subnet}" oifname "{tunnel}" accept
  }}
  chain input {{
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    iifname "{subnet}" meta l4proto icmp accept
    iifname "{public}" udp dport 500 accept
    iifname "{public}" udp dport 4500 accept
    iifname "{public}" meta l4proto esp accept
    iifname "{public}" icmp type destination-unreachable accept
    iifname "{public}" icmp type time-exceeded accept
    iifname "{public}" icmp type parameter-problem accept
    iifname "{public}" icmp type echo-request accept
  }}
  chain output {{
    type filter hook output priority filter; policy accept;
    oifname != "{public}" accept
    udp sport 500 accept
    udp sport 4500 accept
    meta l4proto esp accept
    icmp type echo-reply meta mark {asked} accept
    drop
  }}
}}
"""

_INET = 1
_GET_TABLE, _GET_CHAIN, _GET_RULE = 0x0A01, 0x0A04, 0x0A07
_ALL = struct.pack("=BBH", _INET, 0, 0)
_TABLE = b"isthmus\0"


def ruleset() -> str:
    """What `nft -f` takes; loaded again it replaces, at once and as a whole."""
    links = {"public": PUBLIC_LINK, "subnet": SUBNET_LINK, "tunnel": TUNNEL_LINK, "asked": ASKED}
    return _RULESET.format(**links)


def load(namespace: str) -> None:
    """DriverError."""
    feed = ruleset()
    netns.run(["nft", "-f", "-"], what="set the packet filter", feed=feed, namespace=namespace)


def digest() -> str:
    """Of the filter in this namespace as the kernel holds it; call it inside `netns.within`.

    Flags of the table (dormant), hooks and policies of its chains, and every rule in order.
    """
    found = hashlib.sha256()
    # Flags; name, hook, policy, type; chain, expressions.
    for kind, parts in ((_GET_TABLE, (2,)), (_GET_CHAIN, (3, 4, 5, 7)), (_GET_RULE, (2, 4))):
        for message in netlink.dump(netlink.NETFILTER, kind, _ALL):
            attributes = message.attributes()
            if message.fixed[0] == _INET and attributes[1] == _TABLE:
                found.update(repr([attributes.get(part) for part in parts]).encode())
    return found.hexdigest()


@lru_cache
def wanted() -> str:
    """The digest of our filter, from a scratch namespace: asked once in the life of a process."""

    def load_and_read() -> str:
        feed = ruleset()
        netns.run(["nft", "-f", "-"], what="try the packet filter", feed=feed)
        return digest()

    return netns.within_scratch(load_and_read)
