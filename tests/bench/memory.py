"""Memory of the product's processes: proportional share, so that shared pages count once."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.bench.figures import Figure


def measure(data_dir: Path, charons: list[int]) -> list[Figure]:
    processes = {
        name: entry[0] for name, entry in json.loads((data_dir / "processes.json").read_text()).items()
    }
    quickstart = int((data_dir / "lock").read_text())
    method = "PSS of the process and its children"
    figures = [Figure("quickstart", f"{_megabytes(quickstart):.0f} MB", "", "PSS of the supervisor alone")]
    figures += [
        Figure(name, f"{sum(map(_megabytes, _family(pid))):.0f} MB", "", method)
        for name, pid in processes.items()
    ]
    total = _megabytes(quickstart) + sum(_megabytes(p) for pid in processes.values() for p in _family(pid))
    figures.append(Figure("all of the control plane", f"{total:.0f} MB", "", "the sum"))
    if charons:
        each = sum(map(_megabytes, charons)) / len(charons)
        figures.append(Figure("one charon", f"{each:.1f} MB", "", f"mean PSS of {len(charons)} charons"))
    return figures


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _megabytes(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) / 1024 if found else 0.0
