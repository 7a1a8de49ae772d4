"""The complete product as the README starts it: `manage.py quickstart` in a separate process."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from console.project.quickstart.datadir import DataDir
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
_VERSION = {"version": "2019-01-01"}
READY, READY_SECONDS, STOP_SECONDS = "Isthmus is ready", 60, 60


@dataclass(frozen=True, slots=True)
class Product:
    """A running product; `log` is the output of its processes."""

    directory: Path
    url: str
    username: str
    password: str
    key: str
    log: Path

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The body of a successful API response, with the key that quickstart printed."""
        headers = {"Authorization": f"Bearer {self.key}"}
        address = f"{self.url}/v1/{path}"
        response = httpx.request(method, address, params=_VERSION, headers=headers, json=body, timeout=30)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def dataplane(self) -> dict[str, Any]:
        """What exists on the host, by `manage.py dataplane --json`."""
        command = [*_manage("dataplane", self.directory), "--json"]
        done = subprocess.run(command, env=_environment(), capture_output=True, timeout=60, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def instance(self, name: str) -> dict[str, str]:
        """{id, name, namespace, address, subnet_id} of an existing instance."""
        return next(row for row in self.dataplane()["instances"] if row["name"] == name)


@contextmanager
def running(driver: str, *, roomy: bool = True) -> Iterator[Product]:
    """A product with the example network and a first password; gone afterwards, whatever happened.
    `roomy`: with quotas for many tests."""
    # Short: Unix sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        directory = Path(name) / "data"
        log = Path(name) / "log"
        listen = f"127.0.0.1:{_free_port()}"
        command = [*_manage("quickstart", directory), "--listen", listen, "--driver", driver]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=_environment(roomy=roomy), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield _when_ready(process, directory, log)
        finally:
            _stop(process, log)


def _when_ready(process: subprocess.Popen[bytes], directory: Path, log: Path) -> Product:
    def ready_or_ended() -> bool:
        return READY in log.read_text(errors="replace") or process.poll() is not None

    wait_for(ready_or_ended, READY_SECONDS)
    reported = log.read_text(errors="replace")
    assert READY in reported, f"quickstart ended with {process.returncode}:\n{reported[-4000:]}"
    found = DataDir(directory).read_credentials()
    return Product(directory, found["url"], found["username"], found["password"], found["api_key"], log)


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    assert code == 0, f"quickstart ended with {code}:\n{log.read_text(errors='replace')[-4000:]}"


def _manage(name: str, directory: Path) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), name, "--data-dir", str(directory)]


def _environment(*, roomy: bool = True) -> dict[str, str]:
    """Without the settings of the test run itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    quotas = ("GATEWAYS", "GATEWAYS_PER_ZONE", "VPCS") if roomy else ()
    return kept | {f"ISTHMUS_QUOTA_{name}": "40" for name in quotas}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def new_psk() -> str:
    """A key unique to the test, so that a leak can be attributed."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
