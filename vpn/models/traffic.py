"""Traffic of connections over time, for the charts."""

from __future__ import annotations

from django.db import models

from vpn.models.connections import Connection


class TrafficSample(models.Model):
    """Observed: bytes and packets of all CIDR pairs of a connection since the sample before."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="traffic")
    at = models.DateTimeField(db_index=True)
    bytes_in = models.PositiveBigIntegerField()
    bytes_out = models.PositiveBigIntegerField()
    packets_in = models.PositiveBigIntegerField()
    packets_out = models.PositiveBigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["connection", "at"])]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.at:%H:%M:%S} {self.bytes_in} in, {self.bytes_out} out"
