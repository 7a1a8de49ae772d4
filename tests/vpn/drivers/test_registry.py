"""What follows from a row of DRIVERS by hand: the import contract and the documents."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from vpn.drivers.base import DriverConfig
from vpn.drivers.registry import DRIVERS, create_driver

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_has_the_name_of_its_row(name: str, tmp_path: Path) -> None:
    driver = create_driver(name, DriverConfig(tmp_path, "test", "198.18.0.0/16"))
    assert driver.name == name


def test_drivers_may_not_import_each_other() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["name"] == "Drivers are independent")
    packages = {entry.module.rpartition(".")[0] for entry in DRIVERS.values()}
    assert set(contract["modules"]) == packages


def test_documents_name_every_driver() -> None:
    readme = (ROOT / "README.md").read_text()
    manual = (ROOT / "templates/docs/operations.html").read_text()
    (setting,) = re.findall(r"^\| `ISTHMUS_DRIVER` .*", readme, re.M)
    (command,) = re.findall(r"^\| `quickstart .*", readme, re.M)
    for name in DRIVERS:
        assert f"`{name}`" in setting
        assert re.search(rf"--driver [\w\\|]*\b{name}\b", command)
        assert f"<code>{name}</code>" in manual.partition("--driver auto")[2].partition("</td>")[0]
