"""Names and paths, derived from ids alone, so that everything can be found after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from uuid import UUID

from vpn.domain.spec import MemberSpec
from vpn.drivers.base import DriverError

SUBNET_LINK = "sub0"
PUBLIC_LINK = "pub0"
INSTANCE_LINK = "eth0"
TUNNEL_LINK = "ipsec0"
PROVIDER_BRIDGE = "br0"

# sockaddr_un.sun_path, with its closing zero byte.
_SOCKET_PATH_LIMIT = 108


@dataclass(frozen=True, slots=True)
class Names:
    """Namespaces of one installation; interface names stay within the kernel's 15 characters."""

    installation: str

    @property
    def prefix(self) -> str:
        return f"isth-{self.installation}-"

    @property
    def provider(self) -> str:
        return f"{self.prefix}provider"

    @property
    def vpc_prefix(self) -> str:
        return f"{self.prefix}vpc-"

    def vpc(self, vpc_id: UUID) -> str:
        return f"{self.vpc_prefix}{vpc_id}"

    def member(self, gateway_id: UUID, index: int) -> str:
        return f"{self.prefix}gw-{gateway_id}-{index}"

    def host(self, instance_id: UUID) -> str:
        return f"{self.prefix}vsi-{instance_id}"


def subnet_bridge(subnet_id: UUID) -> str:
    return f"br-{subnet_id.hex[-12:]}"


def member_end(gateway_id: UUID, index: int) -> str:
    """The far end of a member's links, in the VPC's and in the provider's namespace."""
    return f"m{index}-{gateway_id.hex[-12:]}"


def host_end(instance_id: UUID) -> str:
    return f"i-{instance_id.hex[-12:]}"


def hardware_address(address: str) -> str:
    """The MAC address of the link with this IPv4 address in a subnet: it does not change with the owner of
    the address, so ARP caches stay valid, and a bridge does not change its own with its ports."""
    return "02:00:" + ":".join(f"{byte:02x}" for byte in IPv4Address(address).packed)


@dataclass(frozen=True, slots=True)
class MemberFiles:
    """The directory of one member: 0700, or 0710 and of its charon's group. Only `run` is charon's own."""

    directory: Path

    @classmethod
    def of(cls, root: Path, member: MemberSpec) -> MemberFiles:
        return cls(members_directory(root) / f"{member.gateway_id.hex[-12:]}-{member.index}")

    @property
    def config(self) -> Path:
        return self.directory / "strongswan.conf"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def socket(self) -> Path:
        """In `run`, or the location of older releases if their charon still runs."""
        older = self._older_socket
        return older if older.is_socket() else self.run / "vici"

    @property
    def _older_socket(self) -> Path:
        return self.directory / "vici.sock"

    def forget_sockets(self) -> None:
        """Remove the sockets of charons that are gone."""
        for socket in (self._older_socket, self.run / "vici"):
            socket.unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        return self.directory / "charon.log"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    @property
    def alive(self) -> Path:
        """Locked by charon itself while it runs."""
        return self.directory / "alive"

    @property
    def record(self) -> Path:
        return self.directory / "notes.json"

    def messages(self, peer: str, kind: str) -> Path:
        """What was sent to load a peer; never a key."""
        return self.directory / "peers" / f"{peer}.{kind}.json"

    @property
    def failures(self) -> Path:
        return self.directory / "failures.json"

    @property
    def failures_lock(self) -> Path:
        """A separate lock: the member's lock may be held for as long as a charon takes to start."""
        return self.directory / "failures.lock"

    def make(self) -> None:
        """Create the directory. DriverError if the path of a socket in it would be too long."""
        if len(str(self.socket).encode()) >= _SOCKET_PATH_LIMIT:
            raise DriverError(
                "make the member's directory",
                f"{self.socket} is longer than a Unix socket may be named ({_SOCKET_PATH_LIMIT - 1} bytes); "
                "choose a shorter data directory",
            )
        for directory in (*reversed(self.directory.parents[:2]), self.directory, self.run):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def members_directory(root: Path) -> Path:
    return root / "m"


def networks_directory(root: Path) -> Path:
    return root / "n"
