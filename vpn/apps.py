from django.apps import AppConfig

from console.core.registry import add_interruptions, add_usage
from policies.signals import policy_changed


class VpnConfig(AppConfig):
    name = "vpn"
    verbose_name = "VPN"

    def ready(self) -> None:
        # Models exist only from here on.
        from vpn.services.generations import policy_was_changed  # noqa: PLC0415
        from vpn.services.interruptions import interruptions_of  # noqa: PLC0415
        from vpn.services.usage import usage_of  # noqa: PLC0415
        from vpn.web import audit_links  # noqa: PLC0415

        add_usage(usage_of)
        add_interruptions(interruptions_of)
        audit_links.register()
        policy_changed.connect(policy_was_changed, dispatch_uid="vpn")
