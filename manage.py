#!/usr/bin/env python
"""Command line of Isthmus; `manage.py quickstart` starts the whole product."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.project.settings")
    from console.core.environment import adopt_data_dir, widen_path
    from console.project.quickstart.datadir import prepare

    widen_path()
    if sys.argv[1:2] == ["quickstart"]:
        prepare(sys.argv)
    adopt_data_dir(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
