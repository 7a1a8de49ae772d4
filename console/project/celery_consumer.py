"""The worker's loop, which sends the supervisor heartbeats while there are no tasks.

With tasks it is their end that shows it (`celery`): a loop that still receives tasks which never end
is of no use. Without any, because Redis is away or full or beat sends none, restarting the worker
would not help.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery.worker import state
from celery.worker.consumer import Consumer as CeleryConsumer

from console.core.heartbeat import beat

_EVERY_SECONDS = 1.0


class Consumer(CeleryConsumer):
    def ensure_connected(self, conn: Any) -> Any:
        """Each second of waiting for the broker counts as a heartbeat."""
        connect = conn.ensure_connection

        def ensure_connection(*args: Any, callback: Callable[[], object], **options: Any) -> Any:
            def turned() -> None:
                beat_if_idle()
                callback()

            return connect(*args, callback=turned, **options)

        conn.ensure_connection = ensure_connection
        return super().ensure_connected(conn)

    def register_with_event_loop(self, hub: Any) -> None:
        """Celery cancels the timer whenever it reconnects, and calls this again."""
        super().register_with_event_loop(hub)
        hub.timer.call_repeatedly(_EVERY_SECONDS, beat_if_idle)


def beat_if_idle() -> None:
    """No heartbeat while a task runs or waits for a thread."""
    if not state.reserved_requests:
        beat("worker")
