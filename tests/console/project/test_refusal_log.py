"""Refused requests are logged by address, however many they are."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import ExitStack
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from waitress import wasyncore

from console.project.web_worker.channels import Channel
from console.project.web_worker.log import RefusalLog
from console.project.web_worker.worker import make_server

LATE, CROWDED = HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE


@pytest.fixture
def moments() -> list[float]:
    """The current time is the last of them."""
    return [0.0]


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return found


def test_a_flood_is_one_line_and_a_number(caplog: pytest.LogCaptureFixture, moments: list[float]) -> None:
    refusals = RefusalLog(clock=lambda: moments[-1])
    for number in range(1000):
        refusals.add("192.0.2.1", LATE, f"t{number}")
    refusals.add("192.0.2.1", CROWDED, "u")
    refusals.add("192.0.2.2", LATE, "v")
    refusals.flush()
    assert lines(caplog) == [
        "A request from 192.0.2.1 was refused: Request Timeout, trace t0",
        "A request from 192.0.2.1 was refused: Service Unavailable, trace u",
        "A request from 192.0.2.2 was refused: Request Timeout, trace v",
    ]
    moments.append(60.0)
    refusals.flush()
    refusals.flush()
    assert lines(caplog) == ["999 more requests from 192.0.2.1 were refused within 60 s: Request Timeout"]
    refusals.add("192.0.2.1", LATE, "w")
    assert lines(caplog) == ["A request from 192.0.2.1 was refused: Request Timeout, trace w"]


def test_many_addresses_share_a_line(caplog: pytest.LogCaptureFixture, moments: list[float]) -> None:
    refusals = RefusalLog(most=3, clock=lambda: moments[-1])
    for number in range(200):
        refusals.add(f"2001:db8:0:{number:x}::/64", LATE, f"t{number}")
    assert [line.split()[3] for line in lines(caplog)] == [
        "2001:db8:0:0::/64",
        "2001:db8:0:1::/64",
        "2001:db8:0:2::/64",
        "other",
    ]
    moments.append(61.0)
    refusals.flush()
    assert lines(caplog) == [
        "196 more requests from other addresses were refused within 60 s: Request Timeout"
    ]


def test_the_server_logs_by_it(caplog: pytest.LogCaptureFixture, moments: list[float]) -> None:
    """Requests that do not come whole within the deadline, on connections of one address."""
    channels: dict[int, Any] = {}
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as listener:
        server = make_server(lambda *_: [], listener, SimpleNamespace(), channels)
        server.refusals = RefusalLog(clock=lambda: moments[-1])
        for _ in range(5):
            ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
            Channel(server, theirs, ("192.0.2.1", 1), server.adj, channels)
            ours.sendall(b"GET / HTTP/1.1\r\n")
        wasyncore.loop(timeout=1, use_poll=True, map=channels, count=1)
        server.enforce(time.monotonic() + 3600)
        (first,) = lines(caplog)
        assert first.startswith("A request from 192.0.2.1 was refused: Request Timeout, trace ")
        moments.append(60.0)
        server.enforce(time.monotonic())
        server.close()
    assert lines(caplog) == ["4 more requests from 192.0.2.1 were refused within 60 s: Request Timeout"]
