"""The rules of the code base: layers, sizes, words, migrations, and an accurate README."""

from __future__ import annotations

import ast
import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("console", "policies", "vpn", "tests")
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TEMPLATE_LINE = 300, 50, 120
# Words of earlier versions that are not the field's; those in use are in the manual, under Architecture.
OUTDATED = re.compile(
    "anew|besides|clash|clashes|furnish|furnished|hears|homes|mended|mends|mourn|news|plumb|plumbed|sight"
    "|spelt|standing|stood|struck|tells|told|unforeseen|whoever|wish|wishes|witness",
    re.I,
)
TOP_LEVEL = {
    *(
        ".ci",
        ".editorconfig",
        ".github",
        ".gitignore",
        ".pre-commit-config.yaml",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "console",
        "findings",
    ),
    *("manage.py", "policies", "pyproject.toml", "requirements.lock", "static", "templates", "tests", "vpn"),
}


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_import_violates_the_layers() -> None:
    lint = ROOT / ".venv" / "bin" / "lint-imports"
    done = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{name}": length
        for path in sources()
        if "tests" not in path.parts
        for name, length in functions(path)
        if length > LONGEST_FUNCTION
    }
    assert long == {}


def defined_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case (
                ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                yield name


def outdated_words(name: str) -> list[str]:
    return [word for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name) if OUTDATED.fullmatch(word)]


def test_no_name_has_an_outdated_word() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{name}"
        for path in sources()
        if OUTDATED.search(path.read_text(encoding="utf-8"))
        for name in (path.stem, *defined_names(path))
        if outdated_words(name)
    }
    assert found == set()
    assert outdated_words("_told_by_WhoeverLooks") == ["told", "Whoever"]


def test_template_lines_are_short() -> None:
    templates = sorted((ROOT / "templates").rglob("*.html"))
    long = {
        f"{path.relative_to(ROOT)}:{number}": len(line)
        for path in templates
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST_TEMPLATE_LINE
    }
    assert len(templates) > 100 and long == {}


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_the_top_level_holds_nothing_else() -> None:
    assert {name.partition("/")[0] for name in tracked()} <= TOP_LEVEL


def test_every_setting_is_in_the_readme() -> None:
    code = "".join(path.read_text() for path in sources() if "tests" not in path.parts)
    read = set(re.findall(r'"(ISTHMUS_[A-Z_]+)"', code))
    documented = set(re.findall(r"`(ISTHMUS_[A-Z_]+)`", readme()))
    assert read - documented == set()
    assert {name for name in documented if not name.endswith("_FILE")} - read == set()


def test_every_command_of_ours_is_in_the_readme() -> None:
    ours = {name for name, app in get_commands().items() if app.split(".")[0] in FOLDERS}
    table = readme().partition("## Commands")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z_]+)", table, re.M)) - {"manage"}
    assert documented == ours


def test_what_the_readme_names_exists() -> None:
    text = readme()
    named = set(re.findall(r"\]\(([^)#:]+)\)", text)) | {".ci/install", ".ci/lock", ".ci/run", "manage.py"}
    named |= set(re.findall(r"^\| `([a-z./]+/)`", text, re.M))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_two_commands_are_at_the_top() -> None:
    first_screen = "\n".join(readme().splitlines()[:20])
    assert "sh .ci/install && .venv/bin/python manage.py quickstart" in first_screen
    assert "sh .ci/install --dev && .venv/bin/pytest" in first_screen
    assert (ROOT / ".ci/run").read_text().count("sh .ci/install --dev") == 1


def test_the_lock_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pins = re.findall(r"^[\w.-]+==\S+", lock, re.M)
    assert len(pins) > 30
    assert lock.count("\n# --- development ---\n") == 1
    # Every pin has a hash, or pip would refuse the file.
    assert all("--hash=sha256:" in part for part in re.split(r"^(?=[\w.-]+==)", lock, flags=re.M)[1:])
