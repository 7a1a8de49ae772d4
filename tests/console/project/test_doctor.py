"""doctor reports each kind of problem."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from redis.exceptions import ResponseError

from console.project.quickstart import apparmor, checks
from console.project.quickstart.checks import Finding
from console.project.quickstart.datadir import DataDir

Usage = namedtuple("Usage", "total used free")


def names(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def test_tables_are_checked_only_where_they_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Finding:
        raise AssertionError("a table that does not exist is asked for")

    monkeypatch.setattr(checks, "database", lambda: Finding("database", True, "answers"))
    monkeypatch.setattr(
        checks, "migrations", lambda: Finding("migrations", False, "3 not applied", "migrate")
    )
    for name in ("clock", "keys", "listener"):
        monkeypatch.setattr(checks, name, unknown)
    assert names(list(checks.database_and_what_it_holds())) == ["database", "migrations"]


@pytest.mark.django_db
def test_every_database_check_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Finding:
        raise OperationalError("no such table: vpn_node\n")

    broken.__name__ = "clock"
    monkeypatch.setattr(checks, "clock", broken)
    found = {finding.name: finding for finding in checks.database_and_what_it_holds()}
    assert found["clock"].message == "cannot be read: no such table: vpn_node"
    assert found["clock"].fix
    assert {"database", "migrations", "keys", "host"} <= found.keys()


def test_a_full_disk_is_reported(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(1, 1, 1_500_000))
    finding = checks.disk_space()
    assert not finding.ok
    assert finding.message == f"the file system of {tmp_path} has only 1.5 MB left"
    assert "free space" in finding.fix


def test_no_directory_needs_no_room(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "none"
    assert checks.disk_space().ok


def test_a_redis_that_refuses_says_why(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise ResponseError("MISCONF Errors writing to the AOF file: No space left on device")

    monkeypatch.setattr(checks, "redis_url", lambda database: "unix:///nowhere")
    settings.REDIS_URL = "unix:///nowhere"
    monkeypatch.setattr("redis.Redis.ping", refuse)
    finding = checks.redis()
    assert not finding.ok
    assert "No space left on device" in finding.message


def test_a_directory_of_another_user_is_reported(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(DataDir, "__post_init__", lambda self: None)
    monkeypatch.setattr(Path, "stat", refuse)
    found = list(checks.data_directory())
    assert [(finding.ok, finding.message) for finding in found] == [
        (False, f"{tmp_path} belongs to another user")
    ]


class TestAppArmor:
    @pytest.fixture
    def driver_dir(self, settings: LazySettings, tmp_path: Path) -> Path:
        settings.DRIVER = "strongswan"
        settings.DRIVER_DIR = tmp_path / "data" / "driver"
        return tmp_path / "data" / "driver"

    @pytest.mark.parametrize(
        ("text", "enforced"),
        [
            ("/usr/sbin/charon-systemd (enforce)\n/usr/bin/man (enforce)\n", True),
            ("charon-systemd (enforce)\n", True),
            ("/usr/sbin/charon-systemd (complain)\n/usr/sbin/swanctl (enforce)\n", False),
            ("", False),
        ],
    )
    def test_knows_an_enforced_profile(self, tmp_path: Path, text: str, enforced: bool) -> None:
        (tmp_path / "profiles").write_text(text)
        assert apparmor.is_enforced(tmp_path / "profiles") is enforced
        assert not apparmor.is_enforced(tmp_path / "none")

    def test_the_fix_works(self, tmp_path: Path, driver_dir: Path) -> None:
        (tmp_path / "local").mkdir()
        fix = apparmor.override(driver_dir, tmp_path)
        output, file = fix.partition(" && ")[0].split(" | sudo tee -a ")
        assert f"apparmor_parser -r {tmp_path}/usr.sbin.charon-systemd" in fix
        Path(file).write_text(output.removeprefix("echo '").removesuffix("'"))
        assert f"{driver_dir}/** rwk," in Path(file).read_text()
        assert apparmor.override(driver_dir, tmp_path) == ""

    def test_doctor_reports_it(self, driver_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(apparmor, "is_enforced", lambda: False)
        assert list(checks.confinement()) == []
        monkeypatch.setattr(apparmor, "is_enforced", lambda: True)
        monkeypatch.setattr(apparmor, "override", lambda place: "fix it")
        (finding,) = checks.confinement()
        assert (finding.ok, finding.fix) == (False, "fix it")
        assert str(driver_dir) in finding.message

    def test_the_simulated_driver_has_no_charon(
        self, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.DRIVER = "simulated"
        monkeypatch.setattr(apparmor, "is_enforced", lambda: True)
        assert list(checks.confinement()) == []
