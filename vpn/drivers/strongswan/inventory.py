"""Everything of one installation that exists on this host, and its removal."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from vpn.domain.spec import MemberSpec
from vpn.domain.state import SaState
from vpn.drivers.base import Inventory, InventoryMember
from vpn.drivers.strongswan import charon, names, netns
from vpn.drivers.strongswan.fabric import Fabric, inspect_namespace
from vpn.drivers.strongswan.files import remove
from vpn.drivers.strongswan.loaded import listed_by_charon
from vpn.drivers.strongswan.member_record import read_record
from vpn.drivers.strongswan.names import PROVIDER_BRIDGE, PUBLIC_LINK, MemberFiles


def take_inventory(directory: Path, fabric: Fabric, *, kernel_esp: bool) -> Inventory:
    provider = fabric.names.provider
    return Inventory(
        driver="strongswan",
        esp="kernel" if kernel_esp else "userspace",
        provider={"namespace": provider, "bridge": PROVIDER_BRIDGE, "interface": PROVIDER_BRIDGE}
        if netns.exists(provider)
        else {},
        members=_members(directory, fabric),
        instances=fabric.instances(),
    )


def _members(directory: Path, fabric: Fabric) -> tuple[InventoryMember, ...]:
    found = []
    for home in sorted(names.members_directory(directory).glob("*")):
        files = MemberFiles(home)
        record = read_record(files)
        if not record:
            continue
        namespace = fabric.names.member(UUID(record.gateway_id), record.index)
        if not netns.exists(namespace):
            continue
        listed = listed_by_charon(files, namespace)
        public = record.public_address in inspect_namespace(namespace).addresses.get(PUBLIC_LINK, frozenset())
        found.append(
            InventoryMember(
                gateway_id=UUID(record.gateway_id),
                member_id=UUID(record.member_id),
                role="active" if public else "standby",
                namespace=namespace,
                pid=listed.process.pid if listed else None,
                vici_socket=str(files.socket),
                public_address=record.public_address,
                private_address=record.private_address,
                tunnels_up=_tunnels_up(listed.sas) if listed else 0,
            )
        )
    return tuple(found)


def _tunnels_up(sas: tuple[SaState, ...]) -> int:
    return sum(child.installed for sa in sas if sa.established for child in sa.children)


def existing_gateways(directory: Path, owned: names.Names) -> set[UUID]:
    """Gateways of which a member's namespace or record exists."""
    begin = f"{owned.prefix}gw-"
    inhabited = {name.removeprefix(begin).rpartition("-")[0] for name in netns.names(begin)}
    members = names.members_directory(directory).glob("*")
    recorded = {record.gateway_id for member in members if (record := read_record(MemberFiles(member)))}
    return {UUID(text) for text in inhabited | recorded}


def existing_members(
    directory: Path, owned: names.Names, gateway_id: UUID
) -> Iterator[tuple[MemberSpec, int]]:
    """The gateway's members, from their records and as far as is needed to remove them, each with the
    generation that was applied last. A member without a record has no network configuration yet: no VPC has
    a route to it."""
    nobody = MemberSpec(UUID(int=0), gateway_id, 0, UUID(int=0), UUID(int=0), "", "", "", "")
    for member in (nobody, replace(nobody, index=1)):
        files = MemberFiles.of(directory, member)
        if record := read_record(files):
            known = replace(
                member,
                id=UUID(record.member_id),
                vpc_id=UUID(record.vpc_id),
                private_address=record.private_address,
                public_address=record.public_address,
            )
            yield known, record.applied_generation
        elif files.directory.is_dir() or netns.exists(owned.member(gateway_id, member.index)):
            yield member, 0


def remove_everything(directory: Path, fabric: Fabric) -> None:
    """First the processes (they keep namespaces alive), then the namespaces with everything in them, then
    the driver's own files."""
    variable = f"STRONGSWAN_CONF={names.members_directory(directory)}/".encode()
    namespaces = netns.names(fabric.names.prefix)
    charon.end(charon.processes(variable), signal.SIGTERM)
    charon.end(charon.processes(variable) + _inhabitants(namespaces), signal.SIGKILL)
    netns.delete(*namespaces)
    for owned in (names.members_directory(directory), names.networks_directory(directory)):
        shutil.rmtree(owned, ignore_errors=True)
    for file in ("fabric.lock", "esp.json", "charon-uid", "charon-uid.lock"):
        remove(directory / file)


def _inhabitants(namespaces: list[str]) -> list[int]:
    inodes = {netns.inode(name) for name in namespaces if netns.exists(name)}
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and (process / "ns/net").stat().st_ino in inodes:
                found.append(int(process.name))
    return found
