"""Hung, or only waiting: decided from the state of real processes, with a simulated clock."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import wait_for
from vpn.drivers.strongswan.hang_detection import (
    BUSY_TIMEOUT,
    IDLE_TIMEOUT,
    PROBE_INTERVAL,
    STATE_INTERVAL,
    HangDetector,
)

TURN = 0.05


@contextmanager
def process(program: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [sys.executable, "-c", f"print(flush=True)\n{program}"], stdout=subprocess.PIPE
    )
    try:
        assert started.stdout and started.stdout.readline()
        yield started
    finally:
        started.kill()
        started.wait(10)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def first_hung(detector: HangDetector, until: float, *, turn: float = TURN) -> float | None:
    """Turn after turn from 0 to `until`: when it is first taken for hung."""
    now = 0.0
    while now < until:
        now += turn
        if detector.hangs(now):
            return now
    return None


def test_a_stopped_process_is_hung_at_the_second_check() -> None:
    with process("import time; time.sleep(600)") as sleeper:
        detector = HangDetector.of(sleeper.pid, 0.0)
        sleeper.send_signal(signal.SIGSTOP)
        wait_for(lambda: state_of(sleeper.pid) == "T")
        found = first_hung(detector, 5)
        assert found is not None and STATE_INTERVAL < found <= 2 * (STATE_INTERVAL + TURN)
        detector.close()


def test_an_idle_process_that_owes_an_answer_is_hung() -> None:
    with process("import time; time.sleep(600)") as sleeper:
        wait_for(lambda: state_of(sleeper.pid) == "S")
        detector = HangDetector.of(sleeper.pid, 0.0)
        assert first_hung(detector, 30) is None, "nobody asked it"
        assert detector.is_due(PROBE_INTERVAL)
        detector = HangDetector.of(sleeper.pid, 0.0)
        detector.asked(0.0)
        assert not detector.is_due(IDLE_TIMEOUT)
        found = first_hung(detector, 30)
        assert found is not None and IDLE_TIMEOUT <= found < IDLE_TIMEOUT + 2 * TURN
        detector.asked(0.0)
        detector.answered()
        assert first_hung(detector, 30) is None
        detector.close()


def test_a_process_that_works_has_much_longer() -> None:
    with process("while True: pass") as worker:
        detector = HangDetector.of(worker.pid, 0.0)
        detector.asked(0.0)
        found = first_hung(detector, 2 * BUSY_TIMEOUT)
        assert found is not None and found >= BUSY_TIMEOUT
        detector.close()


def test_a_pause_of_the_observer_does_not_count() -> None:
    """The whole machine was suspended or busy, for the observer as for the charon."""
    with process("import time; time.sleep(600)") as sleeper:
        wait_for(lambda: state_of(sleeper.pid) == "S")
        detector = HangDetector.of(sleeper.pid, 0.0)
        detector.asked(0.0)
        assert not detector.hangs(60.0)
        assert not detector.hangs(120.0)
        detector.close()


def test_what_hangs_is_gone_when_it_was_ended() -> None:
    with process("import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)") as sleeper:
        detector = HangDetector.of(sleeper.pid, 0.0)
        sleeper.send_signal(signal.SIGSTOP)
        detector.end()
        assert sleeper.wait(0.1) == -signal.SIGKILL
        detector.end()
        detector.close()
        detector.close()
