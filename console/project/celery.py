"""The Celery application: one queue per host of the data plane, one beat."""

from __future__ import annotations

import dbm.dumb
import os
import shelve
from collections.abc import MutableMapping
from typing import Any, cast

from celery import Celery
from celery.beat import PersistentScheduler
from celery.signals import task_postrun, worker_init
from django.conf import settings

from console.core.environment import require
from console.core.heartbeat import beat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.project.settings")

app = Celery("isthmus")
# For every thread, not only for the one that imported this module.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    # Without it a worker exits after a hundred attempts.
    broker_connection_max_retries=None,
    # The sweep makes up for lost deliveries; redelivery by Redis is only a second safety net.
    broker_transport_options={
        "visibility_timeout": 600,
        "socket_timeout": 0.5,
        "socket_connect_timeout": 1,
        # For publishers; a worker retries forever.
        "max_retries": 1,
        "interval_start": 0,
    },
    # A publisher never waits for an unavailable broker: the sweep finds the work.
    task_publish_retry=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_consumer="console.project.celery_consumer:Consumer",
    task_default_queue="default",
    imports=["vpn.tasks"],
)


def _schedule() -> None:
    app.conf.beat_schedule = {
        "sweep": {
            "task": "vpn.tasks.sweep",
            "schedule": float(settings.SWEEP_SECONDS),
            "options": {"expires": settings.SWEEP_SECONDS},
        },
        "prune": {"task": "vpn.tasks.prune_history", "schedule": 86400.0},
        "prune_samples": {"task": "vpn.tasks.prune_samples", "schedule": 600.0},
        "end_acting": {"task": "vpn.tasks.end_acting", "schedule": 3600.0},
    }


@worker_init.connect
def _with_keys(**_: object) -> None:
    require("ISTHMUS_SECRET_KEY", "ISTHMUS_ENCRYPTION_KEYS")


@worker_init.connect
def with_patience(**_: object) -> None:
    """A worker polls the broker for a second at a time, and no caller waits for the worker."""
    app.conf.broker_transport_options = app.conf.broker_transport_options | {"socket_timeout": 2}


class Scheduler(PersistentScheduler):
    """Celery's scheduler with a heartbeat at each tick, and unaffected by a clock that is set back."""

    schedule_filename: str

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        beat("beat")
        self._forget_the_future()
        return super().tick(*args, **kwargs)

    def _open_schedule(self) -> shelve.Shelf[Any]:
        """A shelve database without SQLite: from Python 3.13 on the default is sqlite3, and its
        replacement by the settings (pysqlite3) lacks an argument that shelve passes."""
        files = cast("MutableMapping[bytes, bytes]", dbm.dumb.open(self.schedule_filename, "c", 0o600))  # noqa: SIM115
        return shelve.Shelf(files, writeback=True)

    def _forget_the_future(self) -> None:
        """Celery decides what is due by the wall clock: an entry that last ran at a time now in the future
        would not run again before then."""
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            # Sorted by the clock before it was set back.
            self._heap = None


@task_postrun.connect
def _task_ended(**_: object) -> None:
    """A heartbeat after each task; sweeps run every few seconds. See also `celery_consumer`."""
    beat("worker")


@app.on_after_finalize.connect
def _with_schedule(**_: object) -> None:
    _schedule()
