"""One installation under test: a real quickstart process, spoken to over HTTP and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from console.project.quickstart.datadir import DataDir
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
VERSION = {"version": "2019-01-01"}
LEFT, RIGHT = "192.168.100.0/24", "192.168.0.0/24"
LEFT_HOST, RIGHT_HOST = "192.168.100.10", "192.168.0.10"
# Several tests at once have their gateways in one zone.
_ENVIRONMENT = {"ISTHMUS_QUOTA_GATEWAYS_PER_ZONE": "100", "ISTHMUS_QUOTA_GATEWAYS": "100"}

# Making one takes longer than a request; a connection of its own for each, since servers come and go.
_CLIENT = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)


def plain_environment() -> dict[str, str]:
    """Without the settings of the test run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ISTHMUS_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return kept | _ENVIRONMENT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Pair:
    """Two gateways of the example network, joined; ids as the API gave them."""

    gateways: tuple[str, str]
    addresses: tuple[str, str]
    connections: tuple[str, str]


@dataclass
class Product:
    """`prefix` goes before every command, to run it as another user."""

    directory: Path
    checkout: Path = ROOT
    python: str = sys.executable
    prefix: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, name: str, *words: str) -> list[str]:
        script = str(self.checkout / "manage.py")
        return [*self.prefix, self.python, script, name, "--data-dir", str(self.directory), *words]

    def start(self, driver: str = "strongswan") -> None:
        """Start it and wait until it says that it is ready."""
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command("quickstart", "--listen", f"127.0.0.1:{self.port}", "--driver", driver),
                cwd=self.checkout,
                env=plain_environment() | dict(self.settings),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(self._ready_or_ended, 180)
        except AssertionError:
            self.process.terminate()
            self.process.wait(60)
            raise
        assert self.process.poll() is None, self.log_text()

    def _ready_or_ended(self) -> bool:
        assert self.process is not None
        return "Isthmus is ready" in self.log_text() or self.process.poll() is not None

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal quickstart and wait for its end; its exit code."""
        assert self.process is not None
        os.kill(self.pid, number)
        code = self.process.wait(60)
        self.process = None
        return code

    @property
    def pid(self) -> int:
        """The pid of quickstart itself, without a prefix such as sudo."""
        return int((self.directory / "lock").read_text())

    @property
    def pids(self) -> dict[str, int]:
        """Of what quickstart supervises, by name."""
        noted = json.loads((self.directory / "processes.json").read_text())
        return {name: identity[0] for name, identity in noted.items()}

    @property
    def credentials(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.directory / "credentials.json").read_text())
        return found

    def manage(self, name: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *words),
            cwd=self.checkout,
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )

    def dataplane(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.manage("dataplane", "--json").stdout)
        return found

    def charons(self) -> dict[str, int]:
        """Pid by member id."""
        return {member["member_id"]: member["pid"] for member in self.dataplane()["members"]}

    def call(self, method: str, path: str, body: object = None, *, seconds: float = 20) -> httpx.Response:
        key = self.credentials["api_key"]
        return _CLIENT.request(
            method,
            f"{self.url}/v1{path}",
            params=VERSION,
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=seconds,
        )

    def answers(self) -> bool:
        try:
            return self.call("GET", "/vpn_gateways").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> Any:
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: object) -> Any:
        response = self.call("POST", path, body)
        assert response.status_code == 201, response.text
        return response.json()

    def subnet(self, name: str) -> str:
        return str(next(row["id"] for row in self.get("/subnets")["subnets"] if row["name"] == name))

    def gateway(self, subnet: str) -> Any:
        return self.post("/vpn_gateways", {"subnet": {"id": self.subnet(subnet)}})

    def available(self, gateway_id: str) -> bool:
        return bool(self.get(f"/vpn_gateways/{gateway_id}")["status"] == "available")

    def wait_until_available(self, *gateways: str) -> None:
        wait_for(lambda: all(self.available(one) for one in gateways), 40)

    def connect(self, gateway_id: str, peer: str, local: str, remote: str) -> str:
        body = {
            "peer_address": peer,
            "psk": "lkj14b1oi0alcniejkso",
            "local_cidrs": [local],
            "peer_cidrs": [remote],
            "dead_peer_detection": {"action": "restart", "interval": 2, "timeout": 10},
        }
        return str(self.post(f"/vpn_gateways/{gateway_id}/connections", body)["id"])

    def status(self, gateway_id: str) -> str:
        """Of the gateway's only connection."""
        rows = self.get(f"/vpn_gateways/{gateway_id}/connections")["connections"]
        return str(rows[0]["status"])

    def join(
        self, here: tuple[str, str] = ("subnet-1", LEFT), there: tuple[str, str] = ("subnet-2", RIGHT)
    ) -> Pair:
        """Steps 1 to 5 of the walk-through between two subnets (name, CIDR), until both ends are up."""
        first, second = self.gateway(here[0]), self.gateway(there[0])
        addresses = first["public_ip"]["address"], second["public_ip"]["address"]
        ids = first["id"], second["id"]
        self.wait_until_available(*ids)
        connections = (
            self.connect(ids[0], addresses[1], here[1], there[1]),
            self.connect(ids[1], addresses[0], there[1], here[1]),
        )
        pair = Pair(ids, addresses, connections)
        wait_for(lambda: self.is_up(pair), 20)
        return pair

    def is_up(self, pair: Pair) -> bool:
        return all(self.status(gateway) == "up" for gateway in pair.gateways)

    def part(self, *gateways: str) -> None:
        """Delete gateways and wait until nothing of them is left in the API."""
        for gateway in gateways:
            assert self.call("DELETE", f"/vpn_gateways/{gateway}").status_code == 204
        for gateway in gateways:
            wait_for(lambda one=gateway: self.gone(one), 20)

    def gone(self, gateway_id: str) -> bool:
        return self.call("GET", f"/vpn_gateways/{gateway_id}").status_code == 404

    def host(self, name: str) -> str:
        """The namespace of an instance."""
        instances = self.dataplane()["instances"]
        return str(next(row["namespace"] for row in instances if row["name"] == name))

    def installation_word(self) -> str:
        """The word in the names of everything that this installation makes."""
        lines = (self.directory / "environment").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("ISTHMUS_INSTALLATION="))

    def namespaces(self) -> list[str]:
        prefix = f"isth-{self.installation_word()}-"
        listing = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        return sorted(name for name in listing.split() if name.startswith(prefix))

    def charon_processes(self) -> list[int]:
        """Every charon that runs on files of this installation, known to it or not."""
        mark = os.fsencode(DataDir(self.directory).driver)
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_charon(pid, mark)]


def _is_charon(pid: int, mark: bytes) -> bool:
    try:
        return b"charon" in Path(f"/proc/{pid}/cmdline").read_bytes() and (
            b"STRONGSWAN_CONF=" + mark in Path(f"/proc/{pid}/environ").read_bytes()
        )
    except OSError:
        return False


@contextmanager
def installed(driver: str = "strongswan", **settings: str) -> Iterator[Product]:
    """A product with a directory of its own; nothing of it may exist afterwards."""
    # Short: Unix sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="isth-", dir="/tmp") as name:
        product = Product(Path(name) / "data", settings=settings)
        product.start(driver)
        try:
            yield product
        except AssertionError:
            sys.stderr.write(product.log_text()[-6000:])
            raise
        finally:
            if product.process is not None:
                assert product.end() == 0, product.log_text()
            assert product.namespaces() == []
            assert product.charon_processes() == []
