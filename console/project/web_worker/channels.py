"""Connections: an event loop reads requests completely and writes responses, so that a slow client
occupies no thread.

waitress does this; this module adds deadlines for a complete request and a complete response, and
limits on connections that admit a new client by closing the idlest connection.
"""

from __future__ import annotations

import math
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from django.conf import settings
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.server import BaseWSGIServer, TcpWSGIServer, UnixWSGIServer

from console.core.origin import client_network, is_trusted_proxy
from console.project.web_worker.log import RefusalLog
from console.project.web_worker.requests import Alive, Application, Parser, Refusal, Refused, is_liveness

# Seconds for a client to read a response that ends the connection while it still sends.
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 65536


class Limits(NamedTuple):
    """`keepalive` in seconds; `connections` is the total of one process."""

    keepalive: float
    connections: int


class Channel(HTTPChannel):
    """One connection. Times are of the monotonic clock.

    `waits_since`: nothing is asked or sent since then; `unsent_since`: an answer waits to be taken.
    """

    request: Parser | None
    requests: list[Parser]
    close_when_flushed: bool
    total_outbufs_len: int
    parser_class = Parser
    error_task_class = Refused

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        self.client = client_network(addr[0])
        self.is_proxy = is_trusted_proxy(addr[0])
        self.waits_since = time.monotonic()
        self.unsent_since: float | None = None
        self.linger = False
        self._lingers_since: float | None = None

    @property
    def task_class(self) -> type[Application | Alive]:
        """Of the next request."""
        return Alive if is_liveness(self.requests[0]) else Application

    def service(self) -> None:
        super().service()
        self.waits_since = time.monotonic()

    def write_soon(self, data: Any) -> int:
        if not self.total_outbufs_len:
            self.unsent_since = time.monotonic()
        return int(super().write_soon(data))

    def _flush_some(self, do_close: bool = True) -> bool:
        flushed = bool(super()._flush_some(do_close=do_close))
        if not self.total_outbufs_len:
            self.unsent_since = None
            self.waits_since = time.monotonic()
        return flushed

    @property
    def idleness(self) -> tuple[int, float] | None:
        """The sort key for closing connections, idlest first; None while the application works."""
        if self.requests:
            return None
        if self.total_outbufs_len:
            return 2, self.unsent_since or self.waits_since
        if self.request is not None:
            return 1, self.request.began
        return 0, self.waits_since

    def enforce(self, now: float, keepalive: float) -> None:
        """Close what exceeds its time limit, also a socket that is never writable. Called by the loop."""
        if self._lingers_since is not None:
            if now - self._lingers_since > _LINGER_SECONDS:
                super().handle_close()
        elif self.unsent_since is not None and now - self.unsent_since > settings.REQUEST_SECONDS:
            super().handle_close()
        elif self.requests or self.total_outbufs_len:
            return
        elif self.request is not None:
            if now - max(self.request.began, self.waits_since) > settings.REQUEST_SECONDS:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif now - self.waits_since > keepalive:
            super().handle_close()

    def refuse(self, status: HTTPStatus) -> None:
        """Respond to what has arrived so far, and close. Called by the loop while the application is idle."""
        with self.requests_lock:
            request, self.request = self.request, None
            if request is None or self.requests or self.close_when_flushed:
                self.will_close = not self.requests
                return
            self.close_when_flushed = True
        request.error = Refusal(status)
        if not request.headers_finished:
            request.parse_header(b"GET / HTTP/1.1\r\n")
        try:
            self.error_task_class(self, request).service()
        except ClientDisconnected:
            self.will_close = True
        request.close()

    def give_way(self) -> None:
        """Close at once, with the response if it can be sent without blocking."""
        if self.request is not None:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            self._flush_exception(self._flush_some)
        super().handle_close()

    def readable(self) -> bool:
        return self._lingers_since is not None or bool(super().readable())

    def handle_read(self) -> None:
        if self._lingers_since is None:
            super().handle_read()
            return
        try:
            ended = not self.socket.recv(_LINGER_BYTES)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            super().handle_close()

    def handle_close(self) -> None:
        """After an error response, close only our half: bytes that arrive for a closed socket would make
        the kernel discard the response."""
        if self.linger and self._lingers_since is None and self.connected:
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
                return
            self._lingers_since = time.monotonic()
            self.will_close = False
            return
        super().handle_close()


class _Bounded(BaseWSGIServer):
    """The connections of a server: never more than the limit, and always room for a new one."""

    channel_class = Channel
    # waitress cleans up by the wall clock; `enforce` uses the monotonic one.
    next_channel_cleanup = math.inf
    stopping = False
    limits = Limits(15.0, 1000)
    # No request finishes although some wait for a thread.
    hangs = False
    served: Callable[[Application, timedelta], None]
    active_channels: dict[int, Channel]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._liveness: deque[Channel] = deque()
        self.refusals = RefusalLog()

    def handle_accept(self) -> None:
        super().handle_accept()
        make_room(self.active_channels.values(), self.limits)

    def add_task(self, channel: Channel) -> None:
        """Called with the lock of the channel's requests, by the loop or by the thread that served the
        previous request."""
        if is_liveness(channel.requests[0]):
            self._liveness.append(channel)
            self.pull_trigger()
        else:
            super().add_task(channel)

    def answer_liveness(self) -> None:
        """Called by the loop."""
        while self._liveness:
            self._liveness.popleft().service()

    def enforce(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            channel.enforce(now, self.limits.keepalive)
        self.refusals.flush()


class TcpServer(_Bounded, TcpWSGIServer):
    """Listens on an address."""


class UnixServer(_Bounded, UnixWSGIServer):
    """Listens on a Unix socket; its clients have no address."""

    def fix_addr(self, _addr: Any) -> tuple[str, int]:
        return "", 0


def make_room(channels: Iterable[Channel], limits: Limits) -> None:
    """Close the idlest connection of the newest one's client, or of all, where there are too many."""
    found = list(channels)
    if not found:
        return
    newest = found[-1]
    same = [] if newest.is_proxy else [channel for channel in found if channel.client == newest.client]
    for group, most in ((same, settings.CONNECTIONS_PER_ADDRESS), (found, limits.connections)):
        if len(group) <= most:
            continue
        ranked = [(channel.idleness, index) for index, channel in enumerate(group[:-1])]
        victims = [(idleness, index) for idleness, index in ranked if idleness is not None]
        victim = group[min(victims)[1]] if victims else newest
        victim.give_way()
        return
