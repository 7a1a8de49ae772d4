"""The product's settings, with keys and a database file of the test run's own."""

import atexit
import os
import shutil
import tempfile

_DIRECTORY = tempfile.mkdtemp(prefix="isthmus-tests-")
atexit.register(shutil.rmtree, _DIRECTORY, ignore_errors=True)
os.environ["ISTHMUS_DATA_DIR"] = _DIRECTORY
os.environ["ISTHMUS_ENCRYPTION_KEYS"] = "dGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtdGVzdHMtMDE="
os.environ["ISTHMUS_REDIS_URL"] = ""
os.mkdir(f"{_DIRECTORY}/static")

# After the environment that they are read from; a settings module has all names of the other.
from console.project.settings import *  # noqa: E402, F403
from console.project.settings import DATABASES  # noqa: E402

# A file, not memory: threads of one test are writers of their own.
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):
    DATABASES["default"]["TEST"] = {"NAME": f"{_DIRECTORY}/test.sqlite3"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RATE_LIMIT = 0
# Each test client would scan every static file again: half of the time of a small test.
WHITENOISE_USE_FINDERS = False
