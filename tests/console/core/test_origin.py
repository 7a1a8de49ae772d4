"""The client address in the audit trail and in limits: a client's own claim is ignored."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.conf import LazySettings

from console.core.environment import SettingError, TrustedProxies, trusted_proxies
from console.core.origin import client_address

_PROXY = TrustedProxies((ip_network("192.0.2.1/32"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/64")))
_UNIX = TrustedProxies((), unix_sockets=True)
_NONE = TrustedProxies()
_CLAIM = "198.51.100.9, 203.0.113.50"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        (_NONE, "192.0.2.1", _CLAIM, "192.0.2.1"),
        (_NONE, "192.0.2.1", None, "192.0.2.1"),
        (_PROXY, "192.0.2.2", _CLAIM, "192.0.2.2"),
        (_PROXY, "192.0.2.1", _CLAIM, "203.0.113.50"),
        (_PROXY, "192.0.2.1", "203.0.113.50", "203.0.113.50"),
        (_PROXY, "192.0.2.1", None, "192.0.2.1"),
        (_PROXY, "192.0.2.1", "", "192.0.2.1"),
        # Two proxies in a row, and a claim in front.
        (_PROXY, "192.0.2.1", "6.6.6.6, 203.0.113.5, 10.1.2.3", "203.0.113.5"),
        # The client is inside: nobody else is left.
        (_PROXY, "192.0.2.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),
        # What is no address ends the walk at the last hop that is known.
        (_PROXY, "192.0.2.1", "6.6.6.6, unknown", "192.0.2.1"),
        (_PROXY, "192.0.2.1", "6.6.6.6, what, 10.1.2.3", "10.1.2.3"),
        (_PROXY, "192.0.2.1", "203.0.113.5:4711", "203.0.113.5"),
        (_PROXY, "2001:db8::7", "[2001:DB8:1::0005]:443", "2001:db8:1::5"),
        (_PROXY, "2001:db8:0:1::7", "203.0.113.5", "2001:db8:0:1::7"),
        (_PROXY, "::ffff:192.0.2.1", "::ffff:203.0.113.5", "203.0.113.5"),
        (_PROXY, "", "203.0.113.5", ""),
        (_UNIX, "", "203.0.113.5", "203.0.113.5"),
        (_UNIX, "", None, ""),
        (_UNIX, "192.0.2.1", "203.0.113.5", "192.0.2.1"),
    ],
)
def test_only_a_trusted_proxy_is_believed(
    settings: LazySettings,
    trusted: TrustedProxies,
    peer: str,
    forwarded: str | None,
    address: str,
) -> None:
    settings.BEHIND_TLS = True
    settings.TRUSTED_PROXIES = trusted
    meta = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    assert client_address(meta) == address


def test_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_TRUSTED_PROXIES", "192.0.2.1, 10.0.0.0/8,2001:db8::/64")
    assert trusted_proxies("ISTHMUS_TRUSTED_PROXIES") == _PROXY
    monkeypatch.setenv("ISTHMUS_TRUSTED_PROXIES", "unix")
    assert trusted_proxies("ISTHMUS_TRUSTED_PROXIES") == _UNIX
    monkeypatch.delenv("ISTHMUS_TRUSTED_PROXIES")
    assert trusted_proxies("ISTHMUS_TRUSTED_PROXIES") == _NONE


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("proxy.example.org", "'proxy.example.org' cannot be used.*write addresses, CIDRs"),
        ("10.0.0.1/8", "'10.0.0.1/8' cannot be used: .*host bits"),
        ("10.0.0.0/8,0.0.0.0/0", "'0.0.0.0/0' would trust every client"),
        ("::/0", "'::/0' would trust every client"),
    ],
)
def test_a_setting_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("ISTHMUS_TRUSTED_PROXIES", value)
    with pytest.raises(SettingError, match=f"ISTHMUS_TRUSTED_PROXIES: {message}"):
        trusted_proxies("ISTHMUS_TRUSTED_PROXIES")
