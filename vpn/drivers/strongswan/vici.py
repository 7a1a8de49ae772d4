"""charon's control socket. The only module that uses the vici package.

Every call is bounded by the kernel's socket timeout: the package itself waits forever once a first byte
has arrived. A session belongs to the thread and the process that opened it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vici.exception import CommandException, DeserializationException, EventUnknownException, SessionException
from vici.protocol import FiniteStream, Message, Packet, Transport
from vici.session import Session

from vpn.drivers.base import DriverError

# Seconds. A busy host with two cores may respond slowly; a hung charon never does. No request takes long by
# itself, and a charon is killed only if several responses in a row are missing.
TIMEOUT = 2.0

Answer = dict[str, Any]


class NoAnswer(DriverError):
    """Nothing listens on the socket, or charon hangs."""


class Hung(NoAnswer):
    """The socket is open, but charon does not respond."""


def plain(value: object) -> Any:
    """Bytes to text, recursively."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def connect(path: Path, timeout: float = 0) -> socket.socket:
    """A connected socket whose calls time out after `timeout` seconds (0: TIMEOUT). NoAnswer."""
    seconds = timeout or TIMEOUT
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    try:
        link.connect(str(path))
    except OSError as error:
        link.close()
        kind = Hung if isinstance(error, BlockingIOError) else NoAnswer
        raise kind("reach charon", str(error)) from error
    return link


def owner(link: socket.socket) -> int:
    """The process behind the socket (SO_PEERCRED)."""
    pid: int = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return pid


class Charon:
    """One session. Responses are dicts of text; a refusal by charon is a DriverError."""

    def __init__(self, link: socket.socket) -> None:
        self._session = Session(link)

    def request(self, command: str, message: Mapping[str, object] | None = None) -> Answer:
        with _wrap_errors(command):
            answer: Answer = plain(self._session.request(command, message))
            return answer

    def stream(self, command: str, event: str, message: Mapping[str, object] | None = None) -> list[Answer]:
        with _wrap_errors(command):
            return [plain(part) for part in self._session.streamed_request(command, event, message)]

    def version(self) -> Answer:
        return self.request("version")

    def sas(self, connection: str = "") -> list[tuple[str, Answer]]:
        """Every IKE_SA, or those of one connection, with its connection's name; a name may occur several
        times."""
        which = {"ike": connection} if connection else None
        return [item for part in self.stream("list-sas", "list-sa", which) for item in part.items()]

    def connections(self) -> list[str]:
        return list(self.request("get-conns").get("conns", []))

    def listed(self, names: Iterable[str] = ("",)) -> dict[str, bytes]:
        """Connections as charon lists them: those of these names that are loaded, or all. Not parsed:
        parsing hundreds takes ten times as long as listing them."""
        found = {}
        for name in names:
            for part in self._stream_unread("list-conns", "list-conn", {"ike": name} if name else None):
                # Each is one section: its type, the length of its name, its name.
                found[part[2 : 2 + part[1]].decode()] = part
        return found

    def _stream_unread(
        self, command: str, event: str, message: Mapping[str, object] | None
    ) -> Iterator[bytes]:
        transport = self._session.transport
        with _wrap_errors(command):
            _exchange(transport, Packet.register_event(event))
            transport.send(Packet.request(command, Message.serialize(message) if message else None))
            while (part := Packet.parse(transport.receive())).response_type == Packet.EVENT:
                yield part.payload.getvalue()[part.payload.tell() :]
            _exchange(transport, Packet.unregister_event(event))

    def secrets(self) -> list[str]:
        """Ids."""
        return list(self.request("get-shared").get("keys", []))

    def load_secret(self, name: str, value: str, owners: Sequence[str]) -> None:
        self.request(
            "load-shared", {"id": name, "type": "IKE", "data": value.encode(), "owners": list(owners)}
        )

    def load(self, connection: Mapping[str, object]) -> None:
        self.request("load-conn", connection)

    def unload_secret(self, name: str) -> None:
        if name in self.secrets():
            self.request("unload-shared", {"id": name})

    def unload(self, name: str) -> None:
        if name in self.connections():
            self.request("unload-conn", {"name": name})

    def initiate(self, connection: str, child: str) -> None:
        """Only start it: events report the result."""
        self.request("initiate", {"ike": connection, "child": child, "timeout": "-1"})

    def rekey(self, which: Mapping[str, str]) -> None:
        """By `ike-id` or `child-id`; only starts it. No match is no error."""
        with suppress(Refused):
            self.request("rekey", which)

    def traps(self) -> list[tuple[str, str]]:
        """Connection and child of every trap policy."""
        parts = self.stream("list-policies", "list-policy", {"trap": "yes"})
        return [(found["ike"], found["child"]) for part in parts for found in part.values()]

    def install_trap(self, connection: str, child: str) -> None:
        """From the connection as it is loaded now; replaces an existing trap."""
        self.request("install", {"ike": connection, "child": child})

    def remove_trap(self, connection: str, child: str) -> None:
        """No match is no error."""
        with suppress(Refused):
            self.request("uninstall", {"ike": connection, "child": child})

    def terminate(self, which: Mapping[str, str]) -> None:
        """By name (`ike`, `child`) or by id (`ike-id`, `child-id`). No match is no error."""
        with suppress(Refused):
            self.request("terminate", {**which, "force": "yes", "timeout": "-1"})


def _exchange(transport: Transport, packet: bytes) -> None:
    """Send what charon only confirms."""
    transport.send(packet)
    if Packet.parse(transport.receive()).response_type != Packet.EVENT_CONFIRM:
        raise SessionException("charon does not know the event")


def read_listed(connection: bytes) -> Answer:
    """Parse a connection of `Charon.listed`."""
    (read,) = plain(Message.deserialize(FiniteStream(connection))).values()
    answer: Answer = read
    return answer


class Refused(DriverError):
    """charon refused the request."""


@contextmanager
def _wrap_errors(command: str) -> Iterator[None]:
    try:
        yield
    except CommandException as error:
        raise Refused(f"charon: {command}", str(error)) from error
    except (SessionException, EventUnknownException, DeserializationException, struct.error) as error:
        raise DriverError(f"charon: {command}", str(error)) from error
    except BlockingIOError as error:
        raise Hung(f"charon: {command}", "no answer in time") from error
    except OSError as error:
        raise NoAnswer(f"charon: {command}", str(error) or type(error).__name__) from error


@contextmanager
def session(path: Path) -> Iterator[Charon]:
    """Open, use, close."""
    link = connect(path)
    try:
        yield Charon(link)
    finally:
        link.close()


class Listener:
    """A session that only receives events, for a selector: readable means an event or the end."""

    EVENTS = ("child-updown", "ike-updown", "log")
    # Short, because a charon that hangs delays the events of all others.
    TIMEOUT = 0.5

    def __init__(self, path: Path) -> None:
        self._link = connect(path, self.TIMEOUT)
        self._transport = Transport(self._link)
        self._early: list[tuple[str, Answer]] = []
        try:
            with _wrap_errors("listen"):
                for event in self.EVENTS:
                    self._register(event)
        except DriverError:
            self._link.close()
            raise

    def fileno(self) -> int:
        return self._link.fileno()

    @property
    def pid(self) -> int:
        """The process id of charon."""
        return owner(self._link)

    def receive(self) -> tuple[str, Answer] | None:
        """The next event, or None for the response to `send_keepalive`. NoAnswer if charon is gone."""
        with _wrap_errors("listen"):
            packet = Packet.parse(self._transport.receive())
            return self._event(packet) if packet.response_type == Packet.EVENT else None

    def send_keepalive(self) -> None:
        """The response arrives among the events. Raises NoAnswer."""
        with _wrap_errors("listen"):
            self._transport.send(Packet.request("version"))

    def take_early(self) -> list[tuple[str, Answer]]:
        """Events that arrived between the registrations."""
        early, self._early = self._early, []
        return early

    def close(self) -> None:
        self._link.close()

    def _register(self, event: str) -> None:
        self._transport.send(Packet.register_event(event))
        while True:
            answer = Packet.parse(self._transport.receive())
            if answer.response_type != Packet.EVENT:
                break
            self._early.append(self._event(answer))
        if answer.response_type != Packet.EVENT_CONFIRM:
            raise SessionException(f"no event {event}")

    @staticmethod
    def _event(packet: Any) -> tuple[str, Answer]:
        return packet.event_type.decode(), plain(Message.deserialize(packet.payload))
