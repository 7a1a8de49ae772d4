"""A client with little overhead, so that the measured time is the server's."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# The server ends kept connections that rest for longer; a new one is made by itself.
_IDLE = 5.0
VERSION = "version=2019-01-01"


class Client:
    """One persistent connection, for one thread."""

    def __init__(self, credentials: dict[str, str]) -> None:
        parts = urlsplit(credentials["url"])
        if parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise SystemExit("bench: only an installation on this machine is measured")
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=30)
        self._used = time.monotonic()
        self._headers = {"Authorization": f"Bearer {credentials['api_key']}"}

    @classmethod
    def of(cls, data_dir: Path) -> Client:
        return cls(json.loads((data_dir / "credentials.json").read_text()))

    def send(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        if time.monotonic() - self._used > _IDLE:
            self._connection.close()
        self._used = time.monotonic()
        joint = "&" if "?" in path else "?"
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, f"/v1{path}{joint}{VERSION}", payload, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The decoded response. Raises SystemExit for an error."""
        status, output = self.send(method, path, body)
        if status >= 400:
            raise SystemExit(f"bench: {method} {path}: {status} {output.decode()[:300]}")
        return json.loads(output) if output else None

    def subnet(self, name: str) -> str:
        rows = self.call("GET", "/subnets?limit=100")["subnets"]
        found = [row["id"] for row in rows if row["name"] == name]
        if not found:
            raise SystemExit(f"bench: no subnet {name}; start quickstart with its example network")
        return str(found[0])
