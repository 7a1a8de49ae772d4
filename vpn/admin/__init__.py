"""The admin site of networks, gateways and connections, and of observed state."""

from vpn.admin import connections, gateways, networks, observed

__all__ = ["connections", "gateways", "networks", "observed"]
