"""The networks around the gateways: the provider's segment, and VPCs with subnets and instances.

A VPC is a router namespace with one bridge per subnet (the bridge holds the router's address); an
instance is a namespace with one link to its subnet's bridge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from uuid import UUID

from vpn.domain.spec import InstanceSpec, NetworkSpec, SubnetSpec
from vpn.drivers.base import DriverError, InventoryInstance
from vpn.drivers.strongswan import names, netns, reading, routing
from vpn.drivers.strongswan.files import locked, read_whole, remove, write_whole
from vpn.drivers.strongswan.names import INSTANCE_LINK, PROVIDER_BRIDGE, Names

# Kernel settings of a VPC's router; of instances and the provider's router.
_ROUTER = {"net/ipv4/ip_forward": "1"}
_HOST = {"net/ipv4/ip_forward": "0"}


@dataclass(frozen=True, slots=True)
class Fabric:
    directory: Path
    names: Names
    provider_cidr: str

    @property
    def provider_address(self) -> str:
        """First host address of the public network: the provider's router."""
        return str(IPv4Network(self.provider_cidr)[1])

    @property
    def provider_prefix(self) -> int:
        return IPv4Network(self.provider_cidr).prefixlen

    def ensure_provider(self) -> None:
        """The provider's namespace with its bridge."""
        namespace, address = self.names.provider, self.provider_address
        lacking = _bridge(inspect_namespace(namespace), PROVIDER_BRIDGE, address, self.provider_prefix)
        if not lacking and not _differ(namespace, _HOST):
            return
        with locked(self.directory / "fabric.lock"):
            netns.create(namespace)
            # The provider's router does not forward: what reaches it unencrypted is a leak, detected here.
            netns.prepare(namespace, _HOST)
            netns.batch(
                _bridge(inspect_namespace(namespace), PROVIDER_BRIDGE, address, self.provider_prefix),
                what="make the provider's bridge",
                namespace=namespace,
            )

    def ensure_subnets(self, vpc_id: UUID, subnets: Iterable[SubnetSpec]) -> None:
        """The VPC's router with a bridge for each of these subnets; other subnets are not changed."""
        router = self.names.vpc(vpc_id)
        wanted = list(subnets)
        if (
            netns.exists(router)
            and not _bridges(inspect_namespace(router), wanted)
            and not _differ(router, _ROUTER)
        ):
            return
        with locked(self.directory / "fabric.lock"):
            netns.create(router)
            netns.prepare(router, _ROUTER)
            netns.batch(_bridges(inspect_namespace(router), wanted), what="make subnets", namespace=router)

    def apply(self, network: NetworkSpec) -> None:
        """Bring one VPC to this state. Links of gateways are not instances and stay."""
        names.networks_directory(self.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(names.networks_directory(self.directory) / f"{network.vpc_id}.lock"):
            self.ensure_subnets(network.vpc_id, network.subnets)
            before = self._recorded(network.vpc_id)
            after = {str(instance.id): _instance_record(instance, network) for instance in network.instances}
            # Recorded before creation and until after removal, so that a kill in between loses nothing.
            self._write_record(network.vpc_id, before | after)
            gone = [UUID(key) for key in before if key not in after]
            self._remove_hosts(network.vpc_id, gone)
            self._write_record(network.vpc_id, after)
            for instance in network.instances:
                self._ensure_host(network, instance)
            self._remove_subnets(network)

    def _ensure_host(self, network: NetworkSpec, instance: InstanceSpec) -> None:
        subnet = next((s for s in network.subnets if s.id == instance.subnet_id), None)
        if not subnet:
            raise DriverError(f"plug in {instance.name}", "its subnet is not in the VPC")
        host, router = self.names.host(instance.id), self.names.vpc(network.vpc_id)
        seen = inspect_namespace(host)
        default = reading.Route(routing.MAIN, "0.0.0.0/0", subnet.router_address, INSTANCE_LINK)
        end, bridge = names.host_end(instance.id), names.subnet_bridge(subnet.id)
        if (
            seen.has_only(INSTANCE_LINK, instance.address)
            and {INSTANCE_LINK, "lo"} <= seen.up
            and default in seen.routes
            and is_port(router, end, bridge)
        ):
            return
        netns.create(host)
        netns.prepare(host, _HOST)
        if INSTANCE_LINK not in seen.links:
            unplug(router, end)
            netns.batch(
                netns.veth(INSTANCE_LINK, end, router, 0), what=f"link {instance.name}", namespace=host
            )
        netns.batch([f"link set {end} master {bridge} up"], what=f"plug in {instance.name}", namespace=router)
        netns.batch(
            [
                f"link set {INSTANCE_LINK} address {names.hardware_address(instance.address)} up",
                f"addr flush dev {INSTANCE_LINK}",
                f"addr add {instance.address}/{IPv4Network(subnet.cidr).prefixlen} dev {INSTANCE_LINK}",
                f"route replace default via {subnet.router_address} dev {INSTANCE_LINK}",
            ],
            what=f"address {instance.name}",
            namespace=host,
        )

    def _remove_hosts(self, vpc_id: UUID, instances: Iterable[UUID]) -> None:
        router = self.names.vpc(vpc_id)
        for instance_id in instances:
            unplug(router, names.host_end(instance_id))
            netns.delete(self.names.host(instance_id))

    def _remove_subnets(self, network: NetworkSpec) -> None:
        router = self.names.vpc(network.vpc_id)
        wanted = {names.subnet_bridge(subnet.id) for subnet in network.subnets}
        existing = {link for link in inspect_namespace(router).links if link.startswith("br-")}
        netns.batch(
            (f"link del {bridge}" for bridge in sorted(existing - wanted)),
            what="remove subnets",
            namespace=router,
        )

    def remove(self, vpc_id: UUID) -> None:
        """Nothing of the VPC remains. Members plugged in lose their link to it."""
        directory = names.networks_directory(self.directory)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(directory / f"{vpc_id}.lock"):
            router = self.names.vpc(vpc_id)
            # Otherwise a member's own end could be observed for a moment after its far end is gone.
            unplug(router, *sorted(link for link in inspect_namespace(router).links if link.startswith("m")))
            netns.delete(*(self.names.host(UUID(key)) for key in self._recorded(vpc_id)), router)
            remove(directory / f"{vpc_id}.json")
            (directory / f"{vpc_id}.lock").unlink(missing_ok=True)

    def networks(self) -> set[UUID]:
        """VPCs whose router or record exists."""
        begin = self.names.vpc_prefix
        routers = {name.removeprefix(begin) for name in netns.names(begin)}
        recorded = {file.stem for file in names.networks_directory(self.directory).glob("*.json")}
        return {UUID(text) for text in routers | recorded}

    def instances(self) -> tuple[InventoryInstance, ...]:
        """Instances whose namespace exists."""
        found = []
        for file in sorted(names.networks_directory(self.directory).glob("*.json")):
            for key, record in self._recorded(UUID(file.stem)).items():
                namespace = self.names.host(UUID(key))
                if netns.exists(namespace):
                    subnet = UUID(record["subnet_id"])
                    found.append(
                        InventoryInstance(UUID(key), record["name"], namespace, record["address"], subnet)
                    )
        return tuple(found)

    def _recorded(self, vpc_id: UUID) -> dict[str, dict[str, str]]:
        file = names.networks_directory(self.directory) / f"{vpc_id}.json"
        with suppress(FileNotFoundError, ValueError):
            recorded: dict[str, dict[str, str]] = json.loads(read_whole(file))
            return recorded
        return {}

    def _write_record(self, vpc_id: UUID, record: dict[str, dict[str, str]]) -> None:
        if record != self._recorded(vpc_id) or not record:
            file = names.networks_directory(self.directory) / f"{vpc_id}.json"
            write_whole(file, json.dumps(record))


def inspect_namespace(namespace: str) -> reading.NamespaceState:
    """The state of a namespace; EMPTY if there is no such namespace."""
    return netns.within_existing(namespace, reading.inspect, reading.EMPTY)


def is_port(namespace: str, link: str, bridge: str) -> bool:
    """As `reading.is_port`, in a namespace; False if it does not exist."""
    return netns.within_existing(namespace, partial(reading.is_port, link, bridge), False)


def observe_router(router: str, link: str, bridge: str) -> tuple[reading.NamespaceState, str]:
    """The state of a VPC's router, and as `MemberNetwork.drift` what is wrong with it or with this port."""

    def observed() -> tuple[reading.NamespaceState, str]:
        drift = "kernel settings" if netns.differing(_ROUTER) else ""
        return reading.inspect(), drift if reading.is_port(link, bridge) else "links"

    return netns.within_existing(router, observed, (reading.EMPTY, "links"))


def _differ(namespace: str, settings: Mapping[str, str]) -> bool:
    return bool(netns.within(namespace, partial(netns.differing, settings)))


def unplug(namespace: str, *ends: str) -> None:
    """Delete links immediately: a link of a deleted namespace goes later, and keeps its name until then."""
    existing = inspect_namespace(namespace).links
    netns.batch(
        (f"link del {end}" for end in ends if end in existing), what="unplug links", namespace=namespace
    )


def _bridges(seen: reading.NamespaceState, subnets: Iterable[SubnetSpec]) -> list[str]:
    return [
        line
        for subnet in subnets
        for line in _bridge(
            seen,
            names.subnet_bridge(subnet.id),
            subnet.router_address,
            IPv4Network(subnet.cidr).prefixlen,
        )
    ]


def _bridge(seen: reading.NamespaceState, name: str, address: str, prefix: int) -> list[str]:
    """The commands still needed. The address is set last: a bridge that has it is complete, and may only have
    been set down since."""
    if seen.has_only(name, address):
        return [] if name in seen.up else [f"link set {name} up"]
    mac = names.hardware_address(address)
    add = [f"link add {name} address {mac} type bridge stp_state 0 forward_delay 0"]
    add = [] if name in seen.links else add
    return [*add, f"link set {name} up", f"addr flush dev {name}", f"addr add {address}/{prefix} dev {name}"]


def _instance_record(instance: InstanceSpec, network: NetworkSpec) -> dict[str, str]:
    return {
        "name": instance.name,
        "address": instance.address,
        "subnet_id": str(instance.subnet_id),
        "vpc_id": str(network.vpc_id),
    }
