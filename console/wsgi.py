"""The earlier name of `console.project.wsgi`; kept for one version."""

from console.project.renamed import warn_of_name
from console.project.wsgi import application

__all__ = ["application"]

warn_of_name(__name__, "console.project.wsgi")
