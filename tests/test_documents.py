"""Documents for developers name files that exist."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    ".github/CONTRIBUTING.md",
    "templates/docs/architecture.html",
    "templates/docs/decisions.html",
    "templates/docs/contract.html",
)
_PATH = re.compile(r"(?<![\w/.-])((?:console|policies|vpn|tests|templates|static|\.ci|\.github)/[\w./-]*\w)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_named_in_documents_exist(document: str) -> None:
    named = set(_PATH.findall((ROOT / document).read_text(encoding="utf-8")))
    assert {name for name in named if not (ROOT / name).exists()} == _EXAMPLES & named


# Of a recipe: the reader puts a name there.
_EXAMPLES = {"vpn/handoff/exports/DEVICE.py", "vpn/drivers/NAME"}


def test_the_recipes_are_there() -> None:
    text = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = re.findall(r"^### (.*)", text.partition("## Recipes")[2], re.M)
    assert len(recipes) == 5
    assert _PATH.findall(text)


_COMMANDS = {
    path.stem: path
    for app in ("console/core", "console/project", "policies", "vpn")
    for path in (ROOT / app / "management/commands").glob("[!_]*.py")
}
_OPTION = re.compile(rf"\b({'|'.join(_COMMANDS)})((?: --[a-z][a-z-]*(?:[ =][A-Za-z0-9.:/]+)?)+)")


def test_options_of_commands_named_anywhere_exist() -> None:
    files = [ROOT / "README.md", *(ROOT / "templates").rglob("*.html")]
    files += [path for app in ("console", "policies", "vpn") for path in (ROOT / app).rglob("*.py")]
    named = set()
    for file in files:
        for command, options in _OPTION.findall(re.sub(r"<[^>]+>", "", file.read_text(encoding="utf-8"))):
            named |= {(command, option) for option in re.findall(r"--[a-z][a-z-]*", options)}
    assert len(named) > 5
    for command, option in named:
        module = import_module(str(_COMMANDS[command].relative_to(ROOT).with_suffix("")).replace("/", "."))
        parser = module.Command().create_parser("manage.py", command)
        assert option in parser._option_string_actions, (command, option)
