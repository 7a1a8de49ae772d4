"""The earlier name of `console.project.celery`; kept for one version."""

from console.project.celery import app
from console.project.renamed import warn_of_name

__all__ = ["app"]

warn_of_name(__name__, "console.project.celery")
