"""The earlier names of modules that operators name still work, and say what they are called now."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest

from console.project.quickstart import checks
from console.project.quickstart.datadir import DataDir, Listen, _settings

IMPORTS = {
    "console.settings": "from console.settings import INSTALLED_APPS, ROOT_URLCONF",
    "console.celery": "import console.settings; from console.celery import app; app.send_task",
    "console.web_worker": "from console.web_worker import Worker; Worker.run",
    "console.wsgi": "from console.wsgi import application; application.get_response",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_an_earlier_name_works_and_warns(name, tmp_path):
    environment = os.environ | {
        "ISTHMUS_DATA_DIR": str(tmp_path),
        "ISTHMUS_SECRET_KEY": secrets.token_urlsafe(48),
        "DJANGO_SETTINGS_MODULE": "console.settings" if name == "console.wsgi" else "",
    }
    code = [sys.executable, "-c", IMPORTS[name]]
    ended = subprocess.run(code, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert f"FutureWarning: {name} is now console.project." in ended.stderr


def test_doctor_names_the_earlier_settings_module(monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "console.project.settings")
    assert list(checks.earlier_names()) == []
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "console.settings")
    (finding,) = checks.earlier_names()
    assert not finding.ok
    assert "set DJANGO_SETTINGS_MODULE to console.project.settings" in finding.fix


def test_an_earlier_name_of_a_setting_is_read_and_reported(monkeypatch, tmp_path):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "console.project.settings")
    monkeypatch.setenv("ISTHMUS_INSTANCE", "older")
    environment = os.environ | {
        "ISTHMUS_DATA_DIR": str(tmp_path),
        "ISTHMUS_SECRET_KEY": secrets.token_urlsafe(48),
    }
    script = "from console.project.settings import INSTALLATION; print(INSTALLATION)"
    for more, expected in ({}, "older"), ({"ISTHMUS_INSTALLATION": "newer"}, "newer"):
        code = [sys.executable, "-c", script]
        ended = subprocess.run(
            code, capture_output=True, text=True, env=environment | more, check=False, timeout=60
        )
        assert ended.stdout.strip() == expected, ended.stderr
    (finding,) = checks.earlier_names()
    assert (finding.ok, finding.message) == (
        False,
        "the setting ISTHMUS_INSTANCE is now ISTHMUS_INSTALLATION",
    )
    assert finding.fix == "set ISTHMUS_INSTALLATION instead of ISTHMUS_INSTANCE"


def test_quickstart_stores_a_setting_by_its_present_name(monkeypatch, tmp_path):
    monkeypatch.delenv("ISTHMUS_INSTANCE", raising=False)
    monkeypatch.delenv("ISTHMUS_INSTALLATION", raising=False)
    place = DataDir(tmp_path)
    place.environment.write_text("ISTHMUS_INSTANCE=abc\nISTHMUS_REGION=eu-de\n")
    place.update_environment(_settings(place, Listen.parse("127.0.0.1:8000")))
    written = place.read_environment()
    assert written["ISTHMUS_INSTALLATION"] == place.installation and "ISTHMUS_INSTANCE" not in written
    assert written["ISTHMUS_REGION"] == "eu-de"
    monkeypatch.setenv("ISTHMUS_INSTANCE", "older")
    assert _settings(place, Listen.parse("127.0.0.1:8000"))["ISTHMUS_INSTALLATION"] == "older"
