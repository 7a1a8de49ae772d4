"""The earlier name of `console.project.web_worker.worker`; kept for one version."""

from console.project.renamed import warn_of_name
from console.project.web_worker.worker import Worker

__all__ = ["Worker"]

warn_of_name(__name__, "console.project.web_worker.worker")
