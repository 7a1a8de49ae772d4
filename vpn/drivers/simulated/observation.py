"""From the simulated driver's documents to the values that drivers report."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from vpn.domain.spec import MemberRole
from vpn.domain.state import Attempt, ChildState, LoadedChild, LoadedPeer, MemberState, SaState, Silence
from vpn.drivers.base import InventoryMember
from vpn.drivers.elapsed import to_wall_clock
from vpn.drivers.simulated.documents import ChildSa, Document, IkeSa, PeerConf, clearest_failures

# What an installed tunnel seems to carry, each way.
PACKETS_PER_SECOND, BYTES_PER_PACKET = 10, 84


def inventory_member(document: Document) -> InventoryMember:
    """The member as `Driver.inventory` reports it."""
    return InventoryMember(
        gateway_id=UUID(document["gateway_id"]),
        member_id=UUID(document["id"]),
        role=document["role"],
        namespace="",
        pid=None,
        vici_socket="",
        public_address=document["public_address"] if document["role"] == MemberRole.ACTIVE else "",
        private_address=document["private_address"],
        tunnels_up=sum(len(sa["children"]) for sa in document["sas"].values()),
    )


def member_state(ident: UUID, document: Document, now: float) -> MemberState:
    """The member as `Driver.observe` reports it; `now` in seconds since the epoch."""
    return MemberState(
        id=ident,
        running=document["running"],
        boot_id=document["boot"],
        role=MemberRole(document["role"]) if document["role"] else None,
        local_cidrs=frozenset(document["local_cidrs"]),
        peer_cidrs=frozenset(document["peer_cidrs"]),
        loaded={name: _loaded(conf) for name, conf in document["loaded"].items()},
        attempts={
            name: Attempt(max(tries["children"].values()), to_wall_clock(tries["at"]))
            for name, tries in document["attempts"].items()
        },
        failures=clearest_failures(document),
        sas=tuple(_sa(name, sa, document, now) for name, sa in document["sas"].items()),
        exists=True,
        silences={name: _silence(sa) for name, sa in document["sas"].items() if "silent_since" in sa},
        unaware=frozenset(document.get("unaware", [])) - document["sas"].keys(),
    )


def _silence(sa: IkeSa) -> Silence:
    asked_at = sa.get("asked_at")
    at = datetime.fromtimestamp(asked_at, UTC) if asked_at else None
    since = sa["silent_since"]
    packets = sum(int(max(0.0, since - child["at"])) for child in sa["children"].values())
    return Silence(datetime.fromtimestamp(since, UTC), packets * PACKETS_PER_SECOND, sa.get("asked", 0), at)


def _loaded(conf: PeerConf) -> LoadedPeer:
    """Documents of other versions of the product are read as far as possible."""
    children = {
        name: LoadedChild(child["form"], tuple(child["groups"]), child["restart"])
        if "form" in child
        else LoadedChild()
        for name, child in conf["children"].items()
    }
    return LoadedPeer(conf.get("form", ""), children, (conf["dpd"][0], conf["dpd"][1]))


def _sa(peer: str, sa: IkeSa, document: Document, now: float) -> SaState:
    conf = document["loaded"].get(peer)
    age = max(0, int(now - sa["at"]))
    return SaState(
        peer=peer,
        unique_id=sa["id"],
        version=sa["version"],
        state="ESTABLISHED",
        initiator=sa["initiator"],
        local_id=conf["local_id"] if conf else "",
        remote_id=conf["remote_id"] if conf else "",
        suite=sa["suite"],
        nat=False,
        established_for=age,
        rekey_in=_rekey_in(sa["lifetime"], age),
        children=tuple(
            _child(name, child, now, sa.get("silent_since", now)) for name, child in sa["children"].items()
        ),
    )


def _child(name: str, child: ChildSa, now: float, last_packet: float) -> ChildState:
    """`last_packet` is when the last packet came from the other end."""
    age = max(0, int(now - child["at"]))
    packets = age * PACKETS_PER_SECOND
    packets_in = max(0, int(last_packet - child["at"])) * PACKETS_PER_SECOND
    return ChildState(
        name=name,
        state="INSTALLED",
        spi_in=child["spi_in"],
        spi_out=child["spi_out"],
        bytes_in=packets_in * BYTES_PER_PACKET,
        bytes_out=packets * BYTES_PER_PACKET,
        packets_in=packets_in,
        packets_out=packets,
        local=(child["local"],),
        remote=(child["remote"],),
        suite=child["suite"],
        installed_for=age,
        rekey_in=_rekey_in(child["lifetime"], age),
        unique_id=child["spi_in"],
        used_in=int(now - last_packet) if packets_in else None,
        used_out=0 if packets else None,
    )


def _rekey_in(lifetime: int, age: int) -> int:
    return lifetime - age % lifetime
