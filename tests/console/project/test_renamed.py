"""The earlier names of modules that operators name still work, and say what they are called now."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest

from console.project.quickstart import checks

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
