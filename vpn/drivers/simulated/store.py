"""Files of the simulated driver: one JSON document per member, shared by several processes.

Writers hold one lock; readers need none, because documents are replaced atomically. What the holder of the
lock writes reaches the disk when the lock is released. `changes` is touched after every write, so that a
watcher polls only one file. Pre-shared keys are stored as keyed digests; the key of the digests is beside
them, readable only by the owner.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from uuid import UUID

from vpn.domain.spec import NetworkSpec
from vpn.drivers.simulated.documents import Document, NetworkDocument


class _Held(threading.local):
    """Of the thread that holds the lock: the documents that it has read, and those it has changed."""

    documents: dict[str, Document | None] | None = None
    changed: set[str]


class Store:
    """Everything under one directory. Methods that write need `locked`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._members = directory / "members"
        self._addresses = directory / "addresses"
        self._networks = directory / "networks"
        self._changes = directory / "changes"
        self._key = directory / "psk-digest.key"
        self._held = _Held()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The only writer among all threads and processes of this installation. May be nested."""
        if self._held.documents is not None:
            yield
            return
        self._prepare()
        with (self.directory / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._held.documents, self._held.changed = {}, set()
            try:
                yield
            finally:
                self._flush()
                self._held.documents = None

    def _flush(self) -> None:
        documents = self._held.documents or {}
        for ident in sorted(self._held.changed):
            document = documents[ident]
            path = self._members / f"{ident}.json"
            if document is None:
                path.unlink(missing_ok=True)
            else:
                self._replace(path, json.dumps(document).encode())
        if self._held.changed:
            self._touch()

    def digest(self, value: str) -> str:
        """A keyed digest; the same for equal values of this installation. Needs `locked`."""
        if not self._key.exists():
            self._replace(self._key, secrets.token_bytes(32))
        return hmac.digest(self._key.read_bytes(), value.encode(), "sha256").hex()

    def read(self, member_id: UUID | str) -> Document | None:
        """Under the lock always the same object, with the holder's writes."""
        held, ident = self._held.documents, str(member_id)
        if held is not None and ident in held:
            return held[ident]
        document = cast("Document | None", _read(self._members / f"{ident}.json"))
        if held is not None:
            held[ident] = document
        return document

    def write(self, document: Document) -> None:
        self._put(document["id"], document)

    def delete(self, member_id: UUID | str) -> None:
        self._put(str(member_id), None)

    def _put(self, ident: str, document: Document | None) -> None:
        if self._held.documents is None:
            raise RuntimeError("a document is written without the lock")
        self._held.documents[ident] = document
        self._held.changed.add(ident)

    def documents(self) -> list[Document]:
        """Every member, in order of its id."""
        found = (self.read(path.stem) for path in sorted(self._members.glob("*.json")))
        return [document for document in found if document is not None]

    def holder(self, address: str) -> str:
        """The id of the member that carries a public address, empty if none does."""
        try:
            return (self._addresses / address).read_text()
        except FileNotFoundError:
            return ""

    def hold(self, address: str, member_id: str) -> None:
        self._replace(self._addresses / address, member_id.encode())

    def release(self, address: str, member_id: str) -> None:
        """Release the address if that member carries it."""
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
        """Remove everything but the empty directories and the lock."""
        for folder in (self._members, self._addresses, self._networks):
            shutil.rmtree(folder, ignore_errors=True)
        self._key.unlink(missing_ok=True)
        self._held.documents, self._held.changed = {}, set()
        self._prepare()
        self._touch()

    def changed_at(self) -> int:
        """Increases with every write; 0 before the first."""
        return _mtime(self._changes)

    def revision(self, member_id: UUID) -> int:
        """Increases with every write of one member; 0 if it does not exist."""
        return _mtime(self._members / f"{member_id}.json")

    def _prepare(self) -> None:
        for folder in (self.directory, self._members, self._addresses, self._networks):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _touch(self) -> None:
        self._changes.touch(mode=0o600)
        _set_mtime(self._changes)

    def _replace(self, path: Path, content: bytes) -> None:
        draft = path.with_name(f".{path.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
        _set_mtime(draft)
        draft.replace(path)


def _read(path: Path) -> object | None:
    try:
        return cast("object", json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _set_mtime(path: Path) -> None:
    # The file system's own clock ticks every few milliseconds; two writes could look like one.
    now = time.time_ns()
    os.utime(path, ns=(now, now))
