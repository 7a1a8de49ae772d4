"""The web process: `gunicorn console.project.wsgi`."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from console.core.environment import require

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.project.settings")
require("ISTHMUS_SECRET_KEY", "ISTHMUS_ENCRYPTION_KEYS")
application = get_wsgi_application()
# Imports all views before the server forks instead of with the first request of each worker.
import_module(settings.ROOT_URLCONF)
