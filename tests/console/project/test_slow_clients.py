"""Clients who send or read slowly, in any number, do not keep others from being answered.

A real server with its quickstart command: 2 processes of 4 threads.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings as product

from console.core.processes import Identity
from console.project.quickstart.listen import Listen
from console.project.quickstart.services import web_service
from tests.waiting import wait_for

_MANY = 200
# Of tests/console/project/large_responses.py.
_LARGE_BYTES = 8_000_000
_HEAD = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: "
_BODY = b"POST /v1/vpcs?version=2019-01-01 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50000\r\n\r\n{"
_CHUNKS = b"POST /v1/vpcs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
_LARGE = b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_SLOW = b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_WHOLE = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

Server = Callable[..., int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Server]:
    """Starts a server with these settings, and returns its port."""
    with ExitStack() as stack:

        def started(**settings: str) -> int:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port: int = probe.getsockname()[1]
            service = web_service(Listen("127.0.0.1", port))
            module = "tests.console.project.large_responses:application"
            command = [
                module if word == "console.project.wsgi:application" else word for word in service.command
            ]
            environment = os.environ | {
                "ISTHMUS_DATA_DIR": str(tmp_path),
                "ISTHMUS_SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
                "DJANGO_SETTINGS_MODULE": "console.project.settings",
                **settings,
            }
            process = subprocess.Popen(command, env=environment, cwd=product.BASE_DIR)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            wait_for(lambda: is_alive(port), 60)
            return port

        yield started


def is_alive(port: int) -> bool:
    return get(port, "/livez") == (200, b'{"status": "alive"}')


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body; 0 if nothing answers. Patient: the machine may be busy."""
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read()
    except ConnectionRefusedError:
        return 0, b""
    finally:
        client.close()


def slow(stack: ExitStack, port: int, sent: bytes, *, receive_buffer: int = 0) -> socket.socket:
    client = stack.enter_context(socket.socket())
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    client.sendall(sent)
    return client


def add_a_byte(clients: list[socket.socket]) -> None:
    for client in clients:
        try:
            client.send(b"1")
        except OSError:
            continue


def is_cut(client: socket.socket) -> bool:
    """Whether the server has ended it; what it had sent before is read."""
    while select.select([client], [], [], 0)[0]:
        try:
            if not client.recv(1 << 20):
                return True
        except OSError:
            return True
    return False


def assert_others_are_answered(port: int) -> None:
    for _ in range(3):
        assert is_alive(port)
        assert get(port, "/v1/vpcs?version=2019-01-01")[0] == 401
        assert get(port, "/sign-in")[0] == 200


@pytest.mark.parametrize("sent", [_HEAD, _BODY, _CHUNKS], ids=["headers", "body", "chunks"])
def test_a_slow_request_blocks_no_other_and_ends_at_the_deadline(start: Server, sent: bytes) -> None:
    port = start(ISTHMUS_REQUEST_SECONDS="3", ISTHMUS_CONNECTIONS_PER_ADDRESS="1000")
    with ExitStack() as stack:
        clients = [slow(stack, port, sent) for _ in range(_MANY)]
        add_a_byte(clients)
        assert is_alive(port)
        assert get(port, "/v1/vpcs?version=2019-01-01")[0] == 401
        silent = clients[0]

        def all_cut() -> bool:
            add_a_byte(clients[1:])
            return not sum(not is_cut(client) for client in clients[1:])

        wait_for(all_cut, 60)
        assert silent.recv(4096).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert is_alive(port)


def test_slow_requests_block_no_other_before_their_deadline(start: Server) -> None:
    """With a deadline that this test does not see, so that it is not the deadline that saves the others."""
    port = start(ISTHMUS_REQUEST_SECONDS="3600", ISTHMUS_CONNECTIONS_PER_ADDRESS="1000")
    with ExitStack() as stack:
        idle = [slow(stack, port, b"") for _ in range(_MANY)]
        kept = [slow(stack, port, _WHOLE) for _ in range(20)]
        partial = [slow(stack, port, sent) for sent in (_HEAD, _BODY, _CHUNKS) for _ in range(_MANY)]
        readers = [slow(stack, port, _LARGE, receive_buffer=4096) for _ in range(32)]
        wait_for(lambda: all(select.select([reader], [], [], 0)[0] for reader in readers), 60)
        for client in kept:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
        for _ in range(3):
            add_a_byte(partial)
            assert_others_are_answered(port)
        assert not any(is_cut(client) for client in partial)
        assert len(idle) == _MANY


def test_requests_that_wait_for_a_thread_do_not_delay_livez(start: Server, tmp_path: Path) -> None:
    """As many of them as occupy every thread of both processes, and 32 that wait."""
    port = start(ISTHMUS_CONNECTIONS_PER_ADDRESS="1000")
    with ExitStack() as stack:
        clients: list[socket.socket] = []

        def all_busy() -> bool:
            clients.append(slow(stack, port, _SLOW))
            return len(list(tmp_path.glob("begun-*"))) == 8

        wait_for(all_busy, 60, every=0.1)
        clients += [slow(stack, port, _SLOW) for _ in range(32)]
        for _ in range(8):
            assert is_alive(port)
        assert get(port, "/livez?x=1")[0] == 200
        (tmp_path / "release").touch()
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_does_not_read_is_disconnected(start: Server) -> None:
    """More than there are threads: the answer is larger than what the kernel keeps for a client."""
    port = start(ISTHMUS_REQUEST_SECONDS="3")
    with ExitStack() as stack:
        readers = [slow(stack, port, _LARGE, receive_buffer=4096) for _ in range(32)]
        wait_for(lambda: is_alive(port), 60)
        wait_for(lambda: not sum(not is_cut(reader) for reader in readers), 100)


def test_one_address_cannot_take_all_connections(start: Server) -> None:
    """Its own idlest connection makes room for its next one."""
    port = start(ISTHMUS_REQUEST_SECONDS="3600", ISTHMUS_CONNECTIONS_PER_ADDRESS="8")
    with ExitStack() as stack:
        clients = [slow(stack, port, _HEAD) for _ in range(_MANY)]
        # Two processes, each of them with its own bound.
        wait_for(lambda: sum(not is_cut(client) for client in clients) <= 16, 60)
        assert_others_are_answered(port)


def test_a_request_in_progress_is_finished_before_the_end(start: Server, tmp_path: Path) -> None:
    port = start()
    with ExitStack() as stack:
        client = slow(stack, port, _LARGE)
        received = len(client.recv(1000))
        holders = [pid for pid in _listeners(port) if (found := Identity.of(pid)) is not None and found.alive]
        os.kill(min(holders), signal.SIGTERM)
        while data := client.recv(1 << 20):
            received += len(data)
        assert received > _LARGE_BYTES


def _listeners(port: int) -> list[int]:
    """Processes that hold the listening socket."""
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.removeprefix("socket:[").rstrip("]") in inodes:
            found.append(int(link.parts[2]))
    return found
