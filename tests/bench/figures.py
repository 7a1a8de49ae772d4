"""Formats lists of times for reading."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """`target` as issue and manual state it, empty where there is none."""

    name: str
    value: str
    target: str
    method: str


def milliseconds(times: Iterable[float]) -> str:
    """Median and 95th percentile of times in seconds."""
    ordered = sorted(times)
    high = quantiles(ordered, n=20, method="inclusive")[-1] if len(ordered) > 1 else ordered[0]
    return f"p50 {median(ordered) * 1000:.1f} ms, p95 {high * 1000:.1f} ms, n {len(ordered)}"


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def until(condition: Callable[[], bool], *, seconds: float = 30, every: float = 0.005) -> float:
    """The time until it became true. Raises SystemExit if it does not."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > seconds:
            raise SystemExit(f"bench: what was waited for did not come within {seconds:.0f} s")
        time.sleep(every)
    return time.perf_counter() - began


def as_table(title: str, figures: Iterable[Figure]) -> str:
    lines = [f"## {title}", "", "| figure | measured | target | method |", "| --- | --- | --- | --- |"]
    lines += [f"| {f.name} | {f.value} | {f.target or '-'} | {f.method} |" for f in figures]
    return "\n".join([*lines, ""])
