"""How requests of older versions differ (contract sections 1.3 and 4.7)."""

from __future__ import annotations

from console.core.api.changes import VersionChange
from console.core.api.versions import GENERATION_2
from policies.api.responses import IKEPolicy, IPsecPolicy

# The lists of algorithms.
POLICY = (
    VersionChange(
        GENERATION_2, added=IKEPolicy.introduced(GENERATION_2) | IPsecPolicy.introduced(GENERATION_2)
    ),
)
