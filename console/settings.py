"""The earlier name of `console.project.settings`; kept for one version."""

from console.project.renamed import warn_of_name
from console.project.settings import *  # noqa: F403

warn_of_name(__name__, "console.project.settings")
