"""Connections: wanted columns above, observed ones below the line."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.crypto import salted_hmac

from console.core.encryption import DecryptionError, key_ring
from console.core.models.base import Resource
from policies.domain.proposals import EspOffer, IkeOffer, auto_esp, auto_ike
from policies.models import IKEPolicy, IPsecPolicy
from vpn.domain.identities import Identity, name_key
from vpn.models.gateways import Gateway, GatewayMember


class Connection(Resource):
    """`psk_sealed` opens only for this row; `psk_id` names the version of the key.

    `api_generation` created it: without a policy it keeps the algorithms of that generation. Identities are
    {type, value}, or null for the address of their side.
    """

    audit_type: ClassVar[str] = "vpn_connection"
    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="connections")
    # Exactly one of the two is set.
    peer_address = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    peer_fqdn = models.CharField(max_length=255, blank=True)
    admin_state_up = models.BooleanField(default=True)
    dpd_action = models.CharField(max_length=8, default="none")
    dpd_interval = models.PositiveIntegerField(default=30)
    dpd_timeout = models.PositiveIntegerField(default=120)
    establish_mode = models.CharField(max_length=16, default="bidirectional")
    api_generation = models.PositiveSmallIntegerField("API generation", default=1)
    local_identity = models.JSONField(null=True, blank=True)
    peer_identity = models.JSONField(null=True, blank=True)
    ike_policy = models.ForeignKey(
        IKEPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="connections"
    )
    ipsec_policy = models.ForeignKey(
        IPsecPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="connections"
    )
    psk_sealed = models.TextField(editable=False)
    psk_id = models.CharField(max_length=32, editable=False)
    psk_changed_at = models.DateTimeField(editable=False)
    # Tunnels that were established before this time are to be re-established.
    restart_at = models.DateTimeField(null=True, editable=False)

    # Observed
    # All addresses of the peer's name in the last DNS response, and the one of them that is used.
    resolved_addresses = models.JSONField(default=list, editable=False)
    resolved_address = models.GenericIPAddressField(protocol="IPv4", null=True, editable=False)
    status = models.CharField(max_length=4, default="down")
    status_reasons = models.JSONField(default=list)
    status_changed_at = models.DateTimeField(null=True, editable=False)
    # Computed in each run, not stored.
    name_fault: str = ""

    class Meta:
        verbose_name = "VPN connection"
        constraints = [models.UniqueConstraint(fields=["gateway", "name"], name="one_connection_name")]
        indexes = [models.Index(fields=["gateway", "-created_at", "-id"])]

    @property
    def peer(self) -> str:
        """The peer as it was entered: its address or its name."""
        return self.peer_fqdn or self.peer_address or ""

    @property
    def peer_key(self) -> str:
        """The same for all connections to one peer, in any spelling of its name."""
        return name_key(self.peer_fqdn) or self.peer_address or ""

    @property
    def address(self) -> str:
        """The peer's address; empty while its name does not resolve."""
        return (self.resolved_address if self.peer_fqdn else self.peer_address) or ""

    def ike_offer(self) -> IkeOffer:
        """The offer of its policy, or auto-negotiation of the generation that created it."""
        return self.ike_policy.offer() if self.ike_policy else auto_ike(self.api_generation)

    def esp_offer(self) -> EspOffer:
        return self.ipsec_policy.offer() if self.ipsec_policy else auto_esp(self.api_generation)

    def local_identity_text(self) -> str:
        """The local IKE identity in strongSwan's notation. Needs the row's gateway."""
        identity = Identity.of(self.local_identity)
        return identity.text if identity else self.gateway.public_address

    def peer_identity_text(self) -> str:
        """The IKE identity that the peer must use, in strongSwan's notation."""
        identity = Identity.of(self.peer_identity)
        if identity:
            return identity.text
        return Identity("fqdn", self.peer_fqdn).text if self.peer_fqdn else self.address

    def seal_psk(self, value: str) -> None:
        """Sets key and version; the caller saves, and sets `psk_changed_at`.

        Equal keys of one gateway have equal versions: connections to one peer share its key, and
        removing one of them must not look like a new key to the others. The version is a keyed
        digest, of no use without the installation's secret key.
        """
        self.psk_sealed = key_ring().seal(value, self._psk_context)
        self.psk_id = salted_hmac(f"psk:{self.gateway_id}", value, algorithm="sha256").hexdigest()[:32]

    def open_psk(self) -> str:
        """The key in clear, only for the spec, API responses and exporters.

        Raises console.core.encryption.DecryptionError.
        """
        return key_ring().open(self.psk_sealed, self._psk_context)

    def known_psk(self) -> str | None:
        """The key in clear, or None if it cannot be decrypted. Then a new one must be set; all other fields
        of the connection can still be read and changed."""
        try:
            return self.open_psk()
        except DecryptionError:
            return None

    def resealed_psk(self) -> str:
        """The same key, sealed by the ring's first key; `psk_id` stays, so no tunnel notices.

        Raises console.core.encryption.DecryptionError.
        """
        return key_ring().seal(self.open_psk(), self._psk_context)

    @property
    def _psk_context(self) -> str:
        return f"connection:{self.pk}:psk"


class ConnectionCidr(models.Model):
    """One local or peer CIDR; `first` and `last` are its bounds as integers, for searches."""

    LOCAL, PEER = "local", "peer"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cidrs")
    side = models.CharField(max_length=5, choices=[(LOCAL, LOCAL), (PEER, PEER)])
    cidr = models.CharField(max_length=18)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        verbose_name = "CIDR of a connection"
        verbose_name_plural = "CIDRs of connections"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["connection", "side", "cidr"], name="one_cidr_each")]
        indexes = [models.Index(fields=["first", "last"])]

    def __str__(self) -> str:
        return self.cidr


class Tunnel(models.Model):
    """Observed: one connection on one member.

    `pairs` is a list of {local, remote, state, bytes_in, bytes_out, packets_in, packets_out,
    spi_in, spi_out, rekey_at}; `negotiated` is {ike_version, ike_suite, esp_suite, nat,
    established_at, rekey_at, older} or {}.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="tunnels")
    member = models.ForeignKey(GatewayMember, on_delete=models.CASCADE, related_name="tunnels")
    status = models.CharField(max_length=4, default="down")
    reasons = models.JSONField(default=list)
    negotiated = models.JSONField(default=dict)
    pairs = models.JSONField(default=list)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "member"], name="one_tunnel_each")]

    def __str__(self) -> str:
        return f"{self.connection_id} on {self.member_id}: {self.status}"


class StatusChange(models.Model):
    """History of what was observed; `connection` is empty for the gateway's own changes."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="history")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="history")
    at = models.DateTimeField(db_index=True)
    status = models.CharField(max_length=16)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.status} {self.message}"
