"""The lists of data plane tests that .ci/run repeats elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def assert_tests_exist(name: str) -> None:
    """Each line of .ci/NAME is a file of data plane tests, or one of its tests as FILE::TEST."""
    listed = (ROOT / ".ci" / name).read_text().splitlines()
    assert len(listed) > 5
    for line in listed:
        file, _, test = line.partition("::")
        text = (ROOT / file).read_text()
        assert "pytest.mark.dataplane" in text
        assert re.search(rf"^def {test or 'test_'}", text, re.MULTILINE), line
