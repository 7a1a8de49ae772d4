"""ETags of connections, for If-Match (contract section 2.2)."""

from __future__ import annotations

import json

from django.utils.crypto import salted_hmac

from vpn.models import Connection
from vpn.services.connection_rows import etag_values


def etag_of(connection: Connection) -> str:
    """Of what was asked for: the same while only what is observed changes."""
    digest = salted_hmac(f"etag:{connection.pk}", json.dumps(etag_values(connection)))
    return f'"{digest.hexdigest()}"'
