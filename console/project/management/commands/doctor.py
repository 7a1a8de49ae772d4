"""`manage.py doctor`: checks this installation and says how to fix each problem."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from console.project.quickstart.checks import all_findings


class Command(BaseCommand):
    help = "Checks database, Redis, workers, clock, keys, permissions and the data plane of this host."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        bad = 0
        for finding in all_findings():
            bad += not finding.ok
            word = self.style.SUCCESS("ok  ") if finding.ok else self.style.ERROR("FAIL")
            self.stdout.write(f"{word}  {finding.name:<32} {finding.message}")
            if finding.fix:
                self.stdout.write(f"      to fix it: {finding.fix}")
        if bad:
            self.stdout.write(self.style.ERROR(f"{bad} of the checks failed"))
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS("all well"))
