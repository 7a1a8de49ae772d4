"""Files of the simulated driver: one JSON document per member, shared by several processes.

Writers hold one lock; readers need none, a document is replaced whole. `changes` is touched
after every write, so that a watcher looks at one file only. Pre-shared keys are kept as keyed
digests; the key lies beside them, readable by the owner only.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict, cast
from uuid import UUID

from vpn.domain.spec import MemberSpec, NetworkSpec


class Columns(TypedDict):
    """A Proposal."""

    encryption: list[str]
    integrity: list[str]
    groups: list[int]


class ChildConf(TypedDict):
    fingerprint: str
    local: str
    remote: str
    esp: Columns
    lifetime: int


class PeerConf(TypedDict):
    """What is loaded under one name; `key` is the digest of the pre-shared key."""

    fingerprint: str
    peer_address: str
    local_id: str
    remote_id: str
    version: int
    ike: Columns
    lifetime: int
    key: str
    dpd: bool
    children: dict[str, ChildConf]


class ChildSa(TypedDict):
    """`at` in seconds since the epoch; `far_name` is the child's name at the other end."""

    far_name: str
    spi_in: str
    spi_out: str
    local: str
    remote: str
    suite: str
    at: float
    lifetime: int


class IkeSa(TypedDict):
    """One end; both ends have the same `id`. `far_member` and `far_peer` name the other one."""

    id: str
    far_member: str
    far_peer: str
    version: int
    initiator: bool
    suite: str
    at: float
    lifetime: int
    children: dict[str, ChildSa]


class Failure(TypedDict):
    """`child` is empty when phase 1 failed; `serial` tells repeated failures apart."""

    child: str
    code: str
    message: str
    serial: str


class Tries(TypedDict):
    """Initiations of each child since all of the peer was up; `at` of the last one."""

    at: float
    children: dict[str, int]


class Document(TypedDict):
    """All of one member."""

    id: str
    gateway_id: str
    public_address: str
    private_address: str
    generation: int
    running: bool
    boot: str
    role: str
    local_cidrs: list[str]
    peer_cidrs: list[str]
    loaded: dict[str, PeerConf]
    attempts: dict[str, Tries]
    failures: dict[str, Failure]
    sas: dict[str, IkeSa]
    fault: str


class NetworkDocument(TypedDict):
    """`instances` are lists of id, name, subnet id, address."""

    vpc_id: str
    subnets: list[list[str]]
    instances: list[list[str]]


def new_document(member: MemberSpec) -> Document:
    """A member that stands, without a role and without a running charon."""
    return Document(
        id=str(member.id),
        gateway_id=str(member.gateway_id),
        public_address=member.public_address,
        private_address=member.private_address,
        generation=0,
        running=False,
        boot="",
        role="",
        local_cidrs=[],
        peer_cidrs=[],
        loaded={},
        attempts={},
        failures={},
        sas={},
        fault="",
    )


class Store:
    """Everything under one directory. Methods that write need `locked`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._members = directory / "members"
        self._addresses = directory / "addresses"
        self._networks = directory / "networks"
        self._changes = directory / "changes"
        self._key = directory / "psk-digest.key"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The only writer among all threads and processes of this installation."""
        self._prepare()
        with (self.directory / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def digest(self, value: str) -> str:
        """A keyed digest; the same for equal values of this installation. Needs `locked`."""
        if not self._key.exists():
            self._replace(self._key, secrets.token_bytes(32))
        return hmac.digest(self._key.read_bytes(), value.encode(), "sha256").hex()

    def read(self, member_id: UUID | str) -> Document | None:
        return cast("Document | None", _read(self._members / f"{member_id}.json"))

    def write(self, document: Document) -> None:
        self._replace(self._members / f"{document['id']}.json", json.dumps(document).encode())
        self._touch()

    def delete(self, member_id: UUID | str) -> None:
        (self._members / f"{member_id}.json").unlink(missing_ok=True)
        self._touch()

    def documents(self) -> list[Document]:
        """Every member, in order of its id."""
        found = (self.read(path.stem) for path in sorted(self._members.glob("*.json")))
        return [document for document in found if document is not None]

    def holder(self, address: str) -> str:
        """Id of the member that carries a public address, empty if nobody does."""
        try:
            return (self._addresses / address).read_text()
        except FileNotFoundError:
            return ""

    def hold(self, address: str, member_id: str) -> None:
        self._replace(self._addresses / address, member_id.encode())

    def release(self, address: str, member_id: str) -> None:
        """Nobody carries the address, if it was that member."""
        if self.holder(address) == member_id:
            (self._addresses / address).unlink(missing_ok=True)

    def write_network(self, network: NetworkSpec) -> None:
        document = NetworkDocument(
            vpc_id=str(network.vpc_id),
            subnets=[[str(s.id), s.cidr, s.router_address] for s in network.subnets],
            instances=[[str(i.id), i.name, str(i.subnet_id), i.address] for i in network.instances],
        )
        self._replace(self._networks / f"{network.vpc_id}.json", json.dumps(document).encode())

    def delete_network(self, vpc_id: UUID) -> None:
        (self._networks / f"{vpc_id}.json").unlink(missing_ok=True)

    def network_ids(self) -> set[UUID]:
        return {UUID(path.stem) for path in self._networks.glob("*.json")}

    def networks(self) -> list[NetworkDocument]:
        found = (_read(path) for path in sorted(self._networks.glob("*.json")))
        return [cast("NetworkDocument", document) for document in found if document is not None]

    def clear(self) -> None:
        """Nothing remains but the empty directories and the lock."""
        for folder in (self._members, self._addresses, self._networks):
            shutil.rmtree(folder, ignore_errors=True)
        self._key.unlink(missing_ok=True)
        self._prepare()
        self._touch()

    def changed_at(self) -> int:
        """Grows with every write; 0 before the first."""
        return _stamp(self._changes)

    def stamp(self, member_id: UUID) -> int:
        """Grows with every write of one member; 0 if it does not stand."""
        return _stamp(self._members / f"{member_id}.json")

    def _prepare(self) -> None:
        for folder in (self.directory, self._members, self._addresses, self._networks):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _touch(self) -> None:
        self._changes.touch(mode=0o600)
        _set_stamp(self._changes)

    def _replace(self, path: Path, content: bytes) -> None:
        draft = path.with_name(f".{path.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
        _set_stamp(draft)
        draft.replace(path)


def _read(path: Path) -> object | None:
    try:
        return cast("object", json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _set_stamp(path: Path) -> None:
    # The file system's own clock ticks every few milliseconds; two writes could look like one.
    now = time.time_ns()
    os.utime(path, ns=(now, now))
