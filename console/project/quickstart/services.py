"""The five processes of an installation, as the supervisor starts them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings

from console.core.heartbeat import last_beat
from console.core.rootless import entering
from console.project.quickstart import redis
from console.project.quickstart.datadir import DataDir
from console.project.quickstart.listen import Listen
from console.project.quickstart.liveness import Prober
from console.project.quickstart.supervisor import Service
from console.project.web_worker.worker import Worker

_PYTHON = sys.executable
# Heartbeat files of gunicorn's workers, which makes them itself under names of its own and keeps
# them open unlinked; a slow disk must not look like a hung worker.
_SHARED_MEMORY = ("--worker-tmp-dir", "/dev/shm") if Path("/dev/shm").is_dir() else ()  # noqa: S108
_MANAGE = str(settings.BASE_DIR / "manage.py")


def manage(*words: str, holder: int = 0) -> list[str]:
    """A management command as a process of its own, inside the user namespace if there is one."""
    return [*entering(holder), _PYTHON, _MANAGE, *words]


def redis_service(data_dir: DataDir) -> Service:
    return Service(
        "redis",
        redis.command(data_dir.redis_socket, data_dir.directory / "redis"),
        ready=lambda: redis.responds(data_dir.redis_socket),
        heartbeat=Prober(lambda: redis.responds(data_dir.redis_socket)).count,
    )


def web_service(listen: Listen) -> Service:
    return Service(
        "web",
        [
            *(_PYTHON, "-m", "gunicorn", "console.project.wsgi:application", "--bind", listen.text),
            *("--chdir", str(settings.BASE_DIR), "--no-control-socket", "--log-level", "warning"),
            *("--worker-class", f"{Worker.__module__}.{Worker.__qualname__}"),
            # Each thread warms a database connection of its own: 16 served a fifth fewer requests than 4.
            *("--workers", "2", "--threads", "4", "--preload"),
            *("--graceful-timeout", "2", "--keep-alive", "15", *_SHARED_MEMORY),
        ],
        ready=lambda: _web_responds(listen),
        heartbeat=Prober(lambda: _web_responds(listen, "/livez")).count,
        stop_seconds=5,
    )


def worker_service(ready: Callable[[], bool], heartbeats: Path, *, holder: int) -> Service:
    node = settings.NODE
    return Service(
        "worker",
        [
            *entering(holder),
            *(_PYTHON, "-m", "celery", "--quiet", "--skip-checks", "--workdir", str(settings.BASE_DIR)),
            *("-A", "console.project.celery", "worker", "--pool", "threads", "--concurrency", "8"),
            *("--queues", f"default,node.{node}", "--hostname", f"{settings.INSTALLATION}@{node}"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
        ],
        ready=ready,
        stop_seconds=8,
        heartbeat=lambda: last_beat(heartbeats, "worker"),
        # The worker creates namespaces, so it runs as root, or as root of a user namespace, by design.
        environment={"PYTHONWARNINGS": "ignore:::celery.platforms"},
    )


def beat_service(data_dir: DataDir) -> Service:
    return Service(
        "beat",
        [
            *(_PYTHON, "-m", "celery", "--quiet", "--skip-checks", "--workdir", str(settings.BASE_DIR)),
            *(
                "-A",
                "console.project.celery",
                "beat",
                "--schedule",
                str(data_dir.directory / "beat-schedule"),
            ),
            *("--pidfile=", "--loglevel", "WARNING", "--scheduler", "console.project.celery.Scheduler"),
        ],
        ready=lambda: True,
        stop_seconds=3,
        heartbeat=lambda: last_beat(data_dir.heartbeats, "beat"),
    )


def listener_service(heartbeats: Path, *, holder: int) -> Service:
    return Service(
        "listener",
        manage("listen", holder=holder),
        ready=lambda: True,
        stop_seconds=5,
        heartbeat=lambda: last_beat(heartbeats, "listener"),
    )


def _web_responds(listen: Listen, path: str = "/readyz") -> bool:
    connection = HTTPConnection(listen.reachable.strip("[]"), listen.port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": listen.reachable})
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
