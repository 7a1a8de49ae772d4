"""The sequence of quickstart: choose the driver, start everything in order, wait, clean up."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from uuid import UUID

import redis as redis_client
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections
from kombu.exceptions import OperationalError

from console.core.environment import DataDirError
from console.core.heartbeat import DIRECTORY
from console.core.processes import end, recorded, wait_until
from console.core.queues import node_queue
from console.project.quickstart.choice import Choice, choose, remove_data_plane
from console.project.quickstart.datadir import DataDir
from console.project.quickstart.first_start import first_start
from console.project.quickstart.listen import Listen
from console.project.quickstart.report import banner
from console.project.quickstart.services import (
    beat_service,
    listener_service,
    redis_service,
    web_service,
    worker_service,
)
from console.project.quickstart.static import collect_static
from console.project.quickstart.supervisor import StartFailed, Supervisor, standard_log
from console.project.settings import redis_url
from vpn.models import Node
from vpn.tasks import sweep_node

_EXAMPLE = "example"
_START_SECONDS = 60.0
# Seconds for which processes of a killed predecessor may still hold the address.
_PREDECESSOR_SECONDS = 10.0


class Quickstart:
    def __init__(self, data_dir: DataDir, listen: Listen, *, driver: str, example: bool) -> None:
        self._began = time.monotonic()
        self._data_dir = data_dir
        self._listen = listen
        self._wanted = driver
        self._example = example
        self._log = standard_log()

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; returns the exit code."""
        self._claim_address()
        if self._listen.warning:
            self._say(self._listen.warning)
        before = Choice(*_stored_choice(self._data_dir))
        choice = choose(self._wanted, self._data_dir)
        if before.driver not in {"", choice.driver}:
            remove_data_plane(before, self._data_dir)
        self._data_dir.update_environment(choice.settings)
        self._say(f"data in {self._data_dir.directory}, driver {choice.driver}")
        environment = os.environ | choice.settings | {DIRECTORY: str(self._data_dir.heartbeats)}
        supervisor = Supervisor(
            self._log, self._data_dir.processes, environment, hang_seconds=settings.HANG_SECONDS
        )
        supervisor.catch_signals()
        try:
            self._start(supervisor, choice)
            supervisor.run()
        except (StartFailed, DatabaseError, OSError) as error:
            self._say(f"cannot continue: {getattr(error, 'strerror', None) or error}")
            if problem := self._data_dir.disk_space_problem():
                self._say(f"{problem}: free space there, or choose another --data-dir")
            return 1
        finally:
            self._stop(supervisor, choice)
        return 0

    def _claim_address(self) -> None:
        """Fail early, with one clear message, if the address is in use.

        Processes of a killed predecessor may still listen there: they are terminated first. Gunicorn's
        workers exit a moment after their master.
        """
        left = recorded(self._data_dir.processes)
        end(identity for identity in left.values() if identity.alive)
        wait_until(lambda: self._refusal() is None, _PREDECESSOR_SECONDS if left else 0)
        if reason := self._refusal():
            raise DataDirError(f"cannot listen on {self._listen.text} ({reason}); choose another --listen")

    def _refusal(self) -> str | None:
        """Why this process cannot listen; None if it can."""
        family = socket.AF_INET6 if ":" in self._listen.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._listen.host, self._listen.port))
            except OSError as error:
                return error.strerror or str(error)
        return None

    def _start(self, supervisor: Supervisor, choice: Choice) -> None:
        if self._has_own_redis:
            supervisor.start(redis_service(self._data_dir), seconds=20)
        self._say("database: migrations")
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        credentials, is_first = first_start(self._data_dir)
        if is_first and self._example:
            self._say("example network: vpc-1 and vpc-2, a subnet and an instance in each")
            call_command(_EXAMPLE, account=UUID(credentials["account_id"]), verbosity=0)
        # Observations from before this start are stale, and no worker is there yet to take new ones.
        call_command("reconcile", forget=True, verbosity=0)
        self._ask_for_sweep()
        connections.close_all()
        self._say("starting web, worker, beat and listener")
        supervisor.start(
            web_service(self._listen),
            worker_service(self._worker_took_sweep, self._data_dir.heartbeats, holder=choice.holder),
            listener_service(self._data_dir.heartbeats, holder=choice.holder),
            beat_service(self._data_dir),
            seconds=_START_SECONDS,
        )
        if supervisor.signals:
            return
        credentials |= {"url": self._listen.url, "driver": choice.driver}
        self._data_dir.write_credentials(credentials)
        seconds = time.monotonic() - self._began
        sys.stdout.write(banner(credentials, self._data_dir, choice, is_first=is_first, seconds=seconds))
        sys.stdout.flush()
        if self._listen.warning:
            self._say(self._listen.warning)

    def _stop(self, supervisor: Supervisor, choice: Choice) -> None:
        self._say("stopping")
        # The web process finishes its requests meanwhile. Worker and listener, which create the data
        # plane, must have exited before it is removed.
        supervisor.terminate("web")
        supervisor.stop(keep=("web", "redis"))
        if complaint := remove_data_plane(choice, self._data_dir):
            self._say(f"the data plane is not completely removed: {complaint}")
        supervisor.stop()
        self._data_dir.tidy()
        self._say("stopped")

    @property
    def _has_own_redis(self) -> bool:
        return bool(f"unix://{self._data_dir.redis_socket}" == settings.REDIS_URL)

    def _ask_for_sweep(self) -> None:
        """The worker's first task: a sweep restores everything that the database asks for."""
        Node.objects.filter(name=settings.NODE).update(esp="")
        with suppress(OperationalError, OSError):
            sweep_node.apply_async(queue=node_queue(settings.NODE))

    def _worker_took_sweep(self) -> bool:
        try:
            with redis_client.Redis.from_url(redis_url(0)) as client:
                return not client.llen(node_queue(settings.NODE))
        except redis_client.RedisError:
            return False

    def _say(self, text: str) -> None:
        self._log.line("isthmus", text)


def _stored_choice(data_dir: DataDir) -> tuple[str, int]:
    stored = data_dir.read_environment()
    return stored.get("ISTHMUS_DRIVER", ""), int(stored.get("ISTHMUS_HOLDER_PID") or 0)
