"""ETags of connections, for If-Match (contract section 2.2)."""

from __future__ import annotations

import json

from django.utils.crypto import salted_hmac

from vpn.models import Connection
from vpn.services.connection_rows import etag_values


def etag_of(connection: Connection) -> str:
    """The ETag of the desired state: observations do not change it."""
    digest = salted_hmac(f"etag:{connection.pk}", json.dumps(etag_values(connection)))
    return f'"{digest.hexdigest()}"'
