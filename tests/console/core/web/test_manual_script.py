"""The example by the official SDK: one text in the README and in the manual."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.django_db


def test_the_manual_has_the_readmes_script() -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    compile(script, "README.md", "exec")
    page = Client().get("/manual/api").content.decode()
    shown = [html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.S)]
    assert script.strip() in shown
