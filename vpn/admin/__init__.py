"""The admin site of networks, gateways, connections, and of what was observed of them."""

from vpn.admin import connections, gateways, networks, observed

__all__ = ["connections", "gateways", "networks", "observed"]
