"""gunicorn's worker for this service: gunicorn manages processes, waitress serves HTTP in each of them.

One loop reads requests whole and writes answers, and `--threads` threads run the application, so that
clients who send or read slowly occupy no thread (see console.project.web_worker.channels).
"""

from __future__ import annotations

import math
import os
import resource
import socket
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from gunicorn.errors import ConfigError
from gunicorn.workers import base
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from console.project.web_worker.channels import Channel, Limits, TcpServer, UnixServer
from console.project.web_worker.errors import HEAD_LIMIT
from console.project.web_worker.requests import Application, access_record

_TURN_SECONDS = 1.0
# Files that a process opens in addition to its connections: database, log, static files.
_OTHER_FILES = 200
# How long requests may wait for a thread while none finishes. Django's longest wait, for a locked
# database, takes 20 s.
_STUCK_SECONDS = 60


class Worker(base.Worker):
    """`--threads`, `--worker-connections`, `--keep-alive`, `--graceful-timeout`, `--max-requests` and the
    access log are gunicorn's own settings."""

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Raises ConfigError."""
        if cfg.is_ssl:
            raise ConfigError("this worker serves plain HTTP: let a proxy terminate TLS (ISTHMUS_BEHIND_TLS)")

    alive: bool
    _clock = staticmethod(time.monotonic)
    _progress = math.inf

    def run(self) -> None:
        """Serves until gunicorn asks it to stop, or is gone."""
        self._dispatcher = dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(self.cfg.threads)
        channels: dict[int, Any] = {}
        servers = [self._serve(sock, dispatcher, channels) for sock in self.sockets]
        _Waker(self.PIPE[0], channels)
        while self.alive:
            if self.ppid != os.getppid():
                self.log.info("Parent changed, shutting down: %s", self)
                break
            self._turn(channels, servers)
        self._leave(dispatcher, channels, servers)

    def _serve(self, sock: Any, dispatcher: Any, channels: dict[int, Any]) -> TcpServer | UnixServer:
        server = make_server(self.wsgi, sock.sock, dispatcher, channels)
        server.limits = Limits(float(self.cfg.keepalive), _within_files(self.cfg.worker_connections))
        server.served = self._served
        server.accept_connections()
        return server

    def _turn(self, channels: dict[int, Any], servers: list[Any], seconds: float = _TURN_SECONDS) -> None:
        """gunicorn's heartbeat requires that the loop runs, and that threads finish requests."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=channels, count=1)
        now = self._clock()
        if not self._dispatcher.queue:
            self._progress = now
        hangs = now - self._progress > max(_STUCK_SECONDS, settings.HANG_SECONDS)
        if not hangs:
            self.notify()
        for server in servers:
            server.hangs = hangs
            server.answer_liveness()
            server.enforce(now)

    def _served(self, task: Application, took: timedelta) -> None:
        self._progress = self._clock()
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if self.log.access_log_enabled:
            self.log.access(*access_record(task), took)

    def _leave(self, dispatcher: Any, channels: dict[int, Any], servers: list[Any]) -> None:
        """Accept no new connection; finish requests and responses in progress."""
        limit = time.monotonic() + self.cfg.graceful_timeout
        for server in servers:
            server.accepting = False
            server.stopping = True
            server.limits = server.limits._replace(keepalive=0.0)
        while time.monotonic() < limit and _busy(servers):
            self._turn(channels, servers, seconds=0.1)
        dispatcher.shutdown(timeout=max(0.1, limit - time.monotonic()))


def make_server(
    application: Any, sock: socket.socket, dispatcher: Any, channels: dict[int, Any]
) -> TcpServer | UnixServer:
    """A server on a socket that is bound already; `channels` is the map of its loop."""
    kind = UnixServer if sock.family == socket.AF_UNIX else TcpServer
    return kind(
        application,
        channels,
        False,
        sock,
        dispatcher=dispatcher,
        adj=adjustments(),
        sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
        bind_socket=False,
    )


class _Waker(wasyncore.file_dispatcher):
    """Lets a signal interrupt the loop's wait: Python writes to this pipe for each one."""

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self.recv(4096)


def adjustments() -> Adjustments:
    """waitress's settings. Our own stricter limits apply before its limits."""
    return Adjustments(
        # A body that is slightly too large gets the application's own response.
        max_request_body_size=4 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        max_request_header_size=HEAD_LIMIT,
        connection_limit=1 << 30,
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        backlog=2048,
        # Bytes of responses buffered for one client before the application blocks; beyond a megabyte
        # they are buffered in a file. Our largest response is a CSV file of audit events.
        outbuf_high_watermark=64_000_000,
        ident="isthmus",
    )


def _busy(servers: list[Any]) -> bool:
    channels: list[Channel] = [channel for server in servers for channel in server.active_channels.values()]
    return any(channel.requests or channel.total_outbufs_len or channel.request for channel in channels)


def _within_files(connections: int) -> int:
    """The number of connections that the limit of open files allows, after raising the soft limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = math.inf if soft == resource.RLIM_INFINITY else soft - _OTHER_FILES
    return int(max(1, min(connections, most)))
