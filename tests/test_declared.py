"""What the code imports is declared in pyproject.toml, and pinned in requirements.lock."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("console", "policies", "vpn", "tests")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(*folders: str) -> set[str]:
    """Names of the distributions; what is imported only for its types has stubs of its own."""
    modules: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    known = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - set(OURS)
    return {plain(known[module][0]) for module in foreign}


def declared(*, dev: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + (extras["dev"] + extras["postgres"] if dev else [])
    return {plain(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}


@pytest.mark.parametrize(("folders", "dev"), [(OURS[:3], False), (OURS, True)])
def test_imports_are_declared(folders: tuple[str, ...], dev: bool) -> None:
    assert imported(*folders) - declared(dev=dev) == set()


def test_what_is_declared_is_pinned() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    runtime, _, _ = lock.partition("# --- development ---")
    names = {
        dev: {plain(n) for n in re.findall(r"^([\w.-]+)==", part, re.M)}
        for dev, part in ((False, runtime), (True, lock))
    }
    for dev, pinned in names.items():
        assert declared(dev=dev) - pinned - {"isthmus"} == set()
