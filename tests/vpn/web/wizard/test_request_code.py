"""The code of the review is run against a package with the signatures of ibm-vpc 0.4.1 to 0.36.0."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vpn.services.fields import ConnectionFields, GatewayFields
from vpn.web.wizard.request_code import KEY_PLACEHOLDER, PSK_PLACEHOLDER, python

GATEWAY: GatewayFields = {"name": "edge", "subnet": {"id": "d62a9716-ea5f-45af-bea2-01f1d67f5500"}}
CONNECTION: ConnectionFields = {
    "name": "to-paris",
    "psk": "never-shown",
    "local": {"cidrs": ["192.168.100.0/24"]},
    "peer": {"address": "203.0.113.9", "cidrs": ["10.1.0.0/16", "10.2.0.0/16"]},
    "dead_peer_detection": {"action": "none", "interval": 15, "timeout": 120},
    "ike_policy": None,
}


class Answer:
    def get_result(self) -> dict[str, str]:
        return {"id": "r1"}


class VpcV1:
    """Remembers what it was asked."""

    asked: list[Any]

    def __init__(self, version: str = "", authenticator: object = None, generation: int = 2) -> None:
        type(self).asked = [(version, authenticator, generation)]

    def set_service_url(self, url: str) -> None:
        self.asked.append(url)

    def create_vpn_gateway(self, vpn_gateway_prototype: object, **_: object) -> Answer:
        self.asked.append(vpn_gateway_prototype)
        return Answer()

    def create_vpn_gateway_connection(
        self, vpn_gateway_id: str, vpn_gateway_connection_prototype: object, **_: object
    ) -> Answer:
        self.asked.append((vpn_gateway_id, vpn_gateway_connection_prototype))
        return Answer()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> type[VpcV1]:
    core, made = ModuleType("ibm_cloud_sdk_core.authenticators"), ModuleType("ibm_vpc")
    monkeypatch.setattr(core, "BearerTokenAuthenticator", str, raising=False)
    monkeypatch.setattr(made, "VpcV1", VpcV1, raising=False)
    for module in (ModuleType("ibm_cloud_sdk_core"), core, made):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return VpcV1


def run(code: str, directory: Path) -> None:
    file = directory / "pasted.py"
    file.write_text(code, encoding="utf-8")
    runpy.run_path(str(file))


def test_the_python_code_makes_the_same_requests(package: type[VpcV1], tmp_path: Path) -> None:
    run(python("http://api.example", GATEWAY, CONNECTION), tmp_path)
    wanted = {
        "name": "to-paris",
        "psk": PSK_PLACEHOLDER,
        "local_cidrs": ["192.168.100.0/24"],
        "peer_address": "203.0.113.9",
        "peer_cidrs": ["10.1.0.0/16", "10.2.0.0/16"],
        "dead_peer_detection": {"action": "none", "interval": 15, "timeout": 120},
    }
    assert package.asked == [
        ("2019-01-01", KEY_PLACEHOLDER, 1),
        "http://api.example/v1",
        GATEWAY,
        ("r1", wanted),
    ]


def test_without_a_connection_there_is_none_in_the_code(package: type[VpcV1], tmp_path: Path) -> None:
    run(python("http://api.example", GATEWAY, None), tmp_path)
    assert package.asked[2:] == [GATEWAY]
