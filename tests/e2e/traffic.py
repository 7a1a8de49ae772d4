"""Pings between instances, counted."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

EVERY = 0.05


@dataclass
class Replies:
    """By sequence number. The last ones sent may have been cut off: they count as neither."""

    numbers: set[int] = field(default_factory=set)
    sent: int = 0

    @property
    def received(self) -> int:
        return len(self.numbers)

    @property
    def lost(self) -> int:
        return max(self.numbers, default=0) - len(self.numbers)

    @property
    def cut_off(self) -> int:
        """Sent after the last one that was answered."""
        return self.sent - max(self.numbers, default=0)

    @property
    def longest_gap(self) -> float:
        """Seconds from a reply to the next one."""
        seen = sorted(self.numbers)
        return EVERY * max((later - sooner for sooner, later in pairwise(seen)), default=0)

    def read(self, output: str) -> None:
        self.numbers = {int(number) for number in re.findall(r"bytes from .*icmp_seq=(\d+)", output)}
        self.sent = sum(map(int, re.findall(r"(\d+) packets transmitted", output)))


def ping(namespace: str, address: str, *, times: int = 3) -> int:
    """How many of `times` pings, 50 ms apart, were answered."""
    done = subprocess.run(
        [*_command(namespace, address), "-W", "1", "-c", str(times)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    replies = Replies()
    replies.read(done.stdout)
    return replies.received


def passes(namespace: str, address: str) -> bool:
    return ping(namespace, address, times=1) == 1


@contextmanager
def pinging(namespace: str, address: str) -> Iterator[Replies]:
    """Pings every 50 ms as long as the block lasts; the replies are there after it."""
    process = subprocess.Popen(_command(namespace, address), stdout=subprocess.PIPE, text=True)
    replies = Replies()
    try:
        yield replies
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        replies.read(output)


def _command(namespace: str, address: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, "ping", "-n", "-i", str(EVERY), address]
