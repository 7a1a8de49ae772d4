"""The supervisor: start order, readiness, prefixed logs, restarts, orderly shutdown."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.core.heartbeat import last_beat
from console.core.processes import Identity
from console.project.quickstart.liveness import HeartbeatWatch
from console.project.quickstart.supervisor import Log, Service, StartFailed, Supervisor
from tests.waiting import wait_for


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, log: io.StringIO) -> Supervisor:
    return Supervisor(Log(log), tmp_path / "processes.json", os.environ)


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


SLEEPER = python("import time; print('here', flush=True); time.sleep(60)")


class TestSupervisor:
    def test_waits_until_ready_and_names_each_line(self, supervisor: Supervisor, log: io.StringIO) -> None:
        service = Service("web", SLEEPER, ready=lambda: "here" in log.getvalue())
        supervisor.start(service, seconds=10)
        assert "web      | here\n" in log.getvalue()
        supervisor.stop()
        assert supervisor.pids == {}

    def test_restarts_a_process_that_exited(self, supervisor: Supervisor, log: io.StringIO) -> None:
        supervisor.start(Service("beat", SLEEPER, ready=lambda: True), seconds=10)
        first = supervisor.pids["beat"]
        os.kill(first, signal.SIGKILL)

        def is_restarted() -> bool:
            supervisor.poll_once()
            return supervisor.pids["beat"] != first

        wait_for(is_restarted, 10)
        assert "beat was ended by SIGKILL; restarting it in 0.25 s" in log.getvalue()
        supervisor.stop()

    def test_kills_surviving_grandchildren(self, supervisor: Supervisor, tmp_path: Path) -> None:
        note = tmp_path / "child"
        parent = python(
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])\n"
            f"open({str(note)!r}, 'w').write(str(child.pid))\n"
            "time.sleep(60)"
        )
        supervisor.start(Service("web", parent, ready=note.exists), seconds=10)
        wait_for(lambda: note.read_text() != "")
        child = Identity.of(int(note.read_text()))
        assert child is not None
        os.kill(supervisor.pids["web"], signal.SIGKILL)
        wait_for(lambda: supervisor.poll_once() or not child.alive)
        supervisor.stop()

    def test_gives_up_on_a_process_that_never_starts(self, supervisor: Supervisor, log: io.StringIO) -> None:
        broken = Service("web", python("print('no settings'); raise SystemExit(3)"), ready=lambda: False)
        with pytest.raises(StartFailed, match="web does not stay up"):
            supervisor.start(broken, seconds=20)
        assert "no settings" in log.getvalue()
        supervisor.stop()

    def test_gives_up_after_the_timeout(self, supervisor: Supervisor) -> None:
        with pytest.raises(StartFailed, match="not ready within"):
            supervisor.start(Service("web", SLEEPER, ready=lambda: False), seconds=0.3)
        supervisor.stop()

    def test_terminates_all_at_once_and_redis_last(
        self, supervisor: Supervisor, log: io.StringIO, tmp_path: Path
    ) -> None:
        """web and worker exit only once both got SIGTERM; Redis stays as long as it is to be kept."""
        code = (
            "import pathlib, signal, sys, time\n"
            f"folder, name = pathlib.Path({str(tmp_path)!r}), sys.argv[1]\n"
            "def leave(*_):\n"
            "    (folder / name).touch()\n"
            "    while name != 'redis' and not all((folder / n).exists() for n in ('web', 'worker')):\n"
            "        time.sleep(0.01)\n"
            "    print('bye', flush=True)\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, leave)\n"
            "print('here', flush=True)\n"
            "time.sleep(60)"
        )
        for name in ("redis", "web", "worker"):
            ready = f"{name:8} | here"
            service = Service(
                name, [*python(code), name], ready=lambda text=ready: text in log.getvalue(), stop_seconds=30
            )
            supervisor.start(service, seconds=10)
        supervisor.stop(keep=("redis",))
        byes = [line.split()[0] for line in log.getvalue().splitlines() if line.endswith("bye")]
        assert sorted(byes) == ["web", "worker"]
        assert list(supervisor.pids) == ["redis"]
        supervisor.stop()
        assert "redis    | bye" in log.getvalue()

    def test_a_slow_process_is_terminated_before_the_others_are_waited_for(
        self, supervisor: Supervisor, log: io.StringIO
    ) -> None:
        code = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit()))\n"
            "print('here', flush=True)\n"
            "time.sleep(60)"
        )
        supervisor.start(Service("web", python(code), ready=lambda: "here" in log.getvalue()), seconds=10)
        supervisor.start(Service("worker", SLEEPER, ready=lambda: True), seconds=10)
        supervisor.terminate("none")
        supervisor.terminate("web")
        supervisor.stop(keep=("web", "redis"))
        assert list(supervisor.pids) == ["web"]
        wait_for(lambda: Identity.of(supervisor.pids["web"]) is None, 10)
        supervisor.stop()
        assert "web      | bye" in log.getvalue()

    def test_kills_a_process_that_ignores_sigterm(self, supervisor: Supervisor, log: io.StringIO) -> None:
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)"
        deaf = Service("web", python(code), ready=lambda: "deaf" in log.getvalue(), stop_seconds=0.3)
        supervisor.start(deaf, seconds=10)
        pid = supervisor.pids["web"]
        began = time.monotonic()
        supervisor.stop()
        assert time.monotonic() - began < 5
        assert Identity.of(pid) is None

    def test_its_children_die_with_it(self, tmp_path: Path) -> None:
        code = f"""
import os, sys
from pathlib import Path
from console.project.quickstart.supervisor import Log, Service, Supervisor
supervisor = Supervisor(Log(sys.stderr), Path({str(tmp_path)!r}) / "p.json", os.environ)
supervisor.start(Service("web", {SLEEPER!r}, ready=lambda: True), seconds=10)
print(supervisor.pids["web"], flush=True)
supervisor.run()
"""
        parent = subprocess.Popen(python(code), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert parent.stdout is not None
        child = Identity.of(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
        parent.wait(5)
        wait_for(lambda: not child.alive, 10)


def test_restarts_a_process_that_hangs(tmp_path: Path, log: io.StringIO) -> None:
    """A stopped process ignores SIGTERM; the missing heartbeat reveals it."""
    supervisor = Supervisor(Log(log), tmp_path / "processes.json", os.environ, hang_seconds=3)
    code = (
        "import os, time\n"
        f"os.environ['ISTHMUS_HEARTBEAT_DIR'] = {str(tmp_path)!r}\n"
        "from console.core.heartbeat import beat\n"
        "while True:\n    beat('beat')\n    time.sleep(0.1)\n"
    )

    def last() -> int | None:
        return last_beat(tmp_path, "beat")

    service = Service(
        "beat", python(code), ready=lambda: last() is not None, stop_seconds=0.5, heartbeat=last
    )
    supervisor.start(service, seconds=30)
    supervisor._is_running = True
    first, seen = supervisor.pids["beat"], last()
    wait_for(lambda: supervisor.poll_once() or last() != seen, 30)
    os.kill(first, signal.SIGSTOP)
    wait_for(lambda: supervisor.poll_once() or supervisor.pids["beat"] != first, 60)
    assert "beat hangs: no heartbeat for" in log.getvalue()
    second, seen = supervisor.pids["beat"], last()
    wait_for(lambda: supervisor.poll_once() or last() != seen, 30)
    assert supervisor.pids["beat"] == second
    supervisor.stop()


class TestHeartbeatWatch:
    def test_an_unchanged_heartbeat_is_silence(self) -> None:
        watch = HeartbeatWatch()
        assert [watch.silence(1, 0), watch.silence(1, 10), watch.is_seen] == [0, 10, False]
        assert [watch.silence(2, 20), watch.silence(2, 25), watch.is_seen] == [0, 5, True]
        assert watch.silence(None, 30) == 10

    def test_time_in_suspend_is_not_silence(self) -> None:
        watch = HeartbeatWatch()
        watch.silence(1, 0)
        watch.reset(3600)
        assert watch.silence(1, 3601) == 1
