"""The packet filter of a member: nothing passes unencrypted, in either direction.

It is static and the same for every member, whatever its role, connections and CIDRs: it only names links.
So it can be loaded before a link exists and before forwarding is enabled.

- Forwarding: between the tunnel device and the subnet's link, in both directions, and nothing else.
- From the provider: IKE (UDP 500), NAT traversal and ESP in UDP (UDP 4500), ESP, the ICMP errors
  of path MTU discovery and diagnosis, and echo requests.
- To the provider: IKE, NAT traversal, ESP, and replies to echo requests that came from there. Packets of
  the kernel itself (an ICMP error about a packet of the VPC, an echo reply to a forged address) quote
  packets of the VPC, and leave through the tunnel or not at all.

Echo requests are answered because pinging is the first thing that a peer's operator tries: it
distinguishes "no such address" and "no route" from "UDP 500 is blocked". The reply contains only what
the sender sent, and `fwmark_reflect` ties it to a request that arrived from the provider.

There are no sets: the elements of a set are not part of the rule, and would not be compared.
"""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache

from vpn.domain.suites import CLAMPED_MSS
from vpn.drivers.strongswan import netlink, netns
from vpn.drivers.strongswan.names import PUBLIC_LINK, SUBNET_LINK, TUNNEL_LINK

# The mark of echo requests from the provider's side, and so of their replies.
ASKED = "0x1"

# Where ICMP is blocked only the clamp keeps TCP from stalling. Fragments
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
    oifname "{tunnel}" tcp flags syn tcp option maxseg size set {mss}
    iifname "{tunnel}" tcp flags syn tcp option maxseg size set {mss}
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
    """The input of `nft -f`; loading it again replaces the filter atomically."""
    links = {"public": PUBLIC_LINK, "subnet": SUBNET_LINK, "tunnel": TUNNEL_LINK, "asked": ASKED}
    return _RULESET.format(mss=CLAMPED_MSS, **links)


def load(namespace: str) -> None:
    """DriverError."""
    feed = ruleset()
    netns.run(["nft", "-f", "-"], what="set the packet filter", feed=feed, namespace=namespace)


def digest() -> str:
    """The digest of the filter that is loaded in this namespace; call it inside `netns.within`.

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
    """The digest of this filter, from a scratch namespace; computed once per process."""

    def load_and_read() -> str:
        feed = ruleset()
        netns.run(["nft", "-f", "-"], what="try the packet filter", feed=feed)
        return digest()

    return netns.within_scratch(load_and_read)
