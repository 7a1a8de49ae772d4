"""A message is one line, and so is an unavailable broker; other errors keep their traceback."""

from __future__ import annotations

import logging
import sys

import pytest
from celery.beat import SchedulingError
from django.conf import settings
from django.db import OperationalError
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from kombu.transport.redis import Channel

from console.core.log import LOGGING, BrokerFilter, LineFormatter
from console.project.celery import app


def filtered_record(name: str, error: Exception) -> logging.LogRecord:
    record = logging.LogRecord(
        name, logging.ERROR, "", 0, "Message Error: %s\n%s", (error, "a long stack"), None
    )
    record.exc_info = (type(error), error, error.__traceback__)
    assert BrokerFilter().filter(record)
    return record


@pytest.mark.parametrize("error", [SchedulingError("refused"), BrokerError("refused")])
def test_a_lost_broker_is_one_line(error: Exception) -> None:
    record = filtered_record("celery.beat", error)
    assert record.exc_info is None
    assert record.getMessage() == f"broker is down: {type(error).__name__}: refused"


def test_so_is_the_end_of_a_worker_whose_connection_was_closed() -> None:
    channel = Channel.__new__(Channel)
    channel.connection = Connection("redis://").transport
    channel.connection.client = None
    with pytest.raises(AttributeError) as caught:
        channel._connparams()
    record = filtered_record("celery.worker", caught.value)
    assert record.exc_info is None
    assert "hostname" in record.getMessage()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("celery.app.trace", OperationalError("database is locked")),
        ("celery.app.trace", AttributeError("ours")),
        ("vpn.tasks", BrokerError("refused")),
    ],
)
def test_internal_errors_are_logged_completely(name: str, error: Exception) -> None:
    try:
        raise error
    except type(error):
        record = filtered_record(name, sys.exc_info()[1])  # type: ignore[arg-type]
    assert record.exc_info is not None


def test_the_log_uses_it_and_a_worker_never_gives_up() -> None:
    assert "broker" in settings.LOGGING["handlers"]["stderr"]["filters"]
    assert app.conf.broker_connection_max_retries is None


def test_what_a_client_sends_forges_no_line() -> None:
    path = "/v1/x\nERROR vpn all gateways are gone\x1b[2J\x85\u2028"
    record = logging.LogRecord("vpn.api", logging.ERROR, "", 0, "GET %s failed", (path,), None)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record.exc_info = sys.exc_info()
    options = dict(LOGGING["formatters"]["line"])
    assert options.pop("()") is LineFormatter
    first, *rest = LineFormatter(**options).format(record).splitlines()
    assert first == r"ERROR vpn.api GET /v1/x\nERROR vpn all gateways are gone\x1b[2J\x85\u2028 failed"
    assert rest[0].startswith("Traceback")
