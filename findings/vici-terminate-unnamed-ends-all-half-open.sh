#!/usr/bin/env bash
# VICI `terminate` by the name "(unnamed)" ends the half-open IKE SAs of everybody
#
# Expected: no connection is called "(unnamed)", so `terminate {ike = (unnamed)}` fails as any unknown name does.
# Guess: it is a placeholder that list-sas shows, and terminate compares names with the same placeholder.
# What happens: a responder does not know the connection before IKE_AUTH. Until then list-sas shows the IKE SA under
#   the name "(unnamed)", and that works as a name: one `terminate` ends all of them, whichever peer they are from.
#   A tool that reads names from list-sas and ends those that it does not know thereby cuts off peers that are just
#   connecting. To end one, use its `ike-id`.
# Versions: strongSwan 5.9.8-5+deb12u5 (Debian 12), charon-systemd; the Python package vici 6.0.3.
# Seen 2026-11-30: listed: (unnamed) CONNECTING 192.0.2.2, (unnamed) CONNECTING 192.0.2.3; terminate no-such-name: Command failed: no matching SAs to terminate found; terminate (unnamed): success; left 0
# Source: none known; the VICI README says of terminate's `ike` only that it is the name of an IKE_SA.
# Exit status: 0 as recorded; else the behaviour changed, or the set-up failed, which it then says. Needs root;
# removes all it made.

set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "needs root: it makes network namespaces"; exit 2; }
version=5.9.8-5+deb12u5
packages="charon-systemd libstrongswan libstrongswan-standard-plugins strongswan-libcharon libcharon-extra-plugins"
work=$(mktemp -d)
pids=""
cleanup() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  for pid in $pids; do wait "$pid" 2>/dev/null || true; done
  for side in a b; do ip netns del "sf$$$side" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 2' INT TERM

# The pinned packages: those installed if they have this version, else unpacked and seen by the daemons only.
overlay=""
for package in $packages; do
  [ "$(dpkg-query -W -f='${Version}' "$package" 2>/dev/null || true)" = "$version" ] || overlay=yes
done
if [ -n "$overlay" ]; then
  for package in $packages; do
    (cd "$work" && apt-get -qq download "$package=$version" 2>/dev/null && dpkg -x "$package"_*.deb unpacked)
  done
  echo "strongSwan $version: unpacked from Debian's packages"
else
  echo "strongSwan $version: the installed Debian packages"
fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check vici==6.0.3 2>/dev/null

# Two hosts and a wire between them.
for side in a b; do
  ip netns add "sf$$$side"
  ip -n "sf$$$side" link set lo up
done
ip -n "sf$$a" link add wire type veth peer name wire netns "sf$$b"
ip -n "sf$$a" addr add 192.0.2.1/24 dev wire
for host in 2 3; do ip -n "sf$$b" addr add "192.0.2.$host/24" dev wire; done
ip -n "sf$$a" addr add 10.81.0.1/32 dev lo
for net in 0 1; do ip -n "sf$$b" addr add "10.82.$net.1/32" dev lo; done
for side in a b; do ip -n "sf$$$side" link set wire up; done
for side in a b; do
  mkdir "$work/$side"
  cat >"$work/$side/strongswan.conf" <<END
charon-systemd {
  load = nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  plugins {
    vici {
      socket = unix://$work/$side/vici
    }
  }
  journal {
    default = -1
  }
  filelog {
    log {
      path = $work/$side/log
      default = 1
      flush_line = yes
    }
  }
}
END
  # shellcheck disable=SC2016
  STRONGSWAN_CONF="$work/$side/strongswan.conf" ip netns exec "sf$$$side" sh -c '
    if [ -n "$1" ]; then mount -t overlay -o lowerdir="$2/unpacked/usr/lib:/usr/lib" overlay /usr/lib; fi
    if [ -n "$1" ]; then exec "$2/unpacked/usr/sbin/charon-systemd"; else exec charon-systemd; fi
  ' charon "$overlay" "$work" >/dev/null 2>&1 &
  pids="$pids $!"
done
for side in a b; do
  for _ in $(seq 200); do [ -S "$work/$side/vici" ] && break; sleep 0.1; done
  [ -S "$work/$side/vici" ] || { echo "charon $side did not start"; exit 2; }
done

# IKE_AUTH goes to port 4500, because user-space ESP is always in UDP. Held back, the SAs stay half-open.
ip netns exec "sf$$b" nft -f - <<'END'
table inet hold {
  chain output {
    type filter hook output priority 0
    udp dport 4500 drop
  }
}
END

"$work/venv/bin/python" - "$work" <<'END'
import socket
import sys
import time

import vici


def connect(side):
    link = socket.socket(socket.AF_UNIX)
    link.connect(f"{sys.argv[1]}/{side}/vici")
    return vici.Session(link)


def until(condition, seconds=20):
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > limit:
            sys.exit("set-up failed: a state that was waited for did not come")
        time.sleep(0.05)
    return answer


a, b = connect("a"), connect("b")


def site(local, remote):
    return {
        "version": "2",
        "local_addrs": [local],
        "remote_addrs": [remote],
        "proposals": ["aes256-sha256-x25519"],
        "local": {"auth": "psk", "id": local},
        "remote": {"auth": "psk", "id": remote},
        "children": {
            "net0": {"local_ts": ["10.82.0.0/24"], "remote_ts": ["10.81.0.0/24"], "esp_proposals": ["aes256-sha256"]}
        },
    }


def half_open():
    return sorted(
        (name, sa["state"].decode(), sa["remote-host"].decode()) for answer in a.list_sas() for name, sa in answer.items()
    )


def terminate(name):
    try:
        list(a.terminate({"ike": name}))
        return "success"
    except vici.exception.CommandException as error:
        return str(error)


for end in "2", "3":
    a.load_conn({f"peer{end}": site("192.0.2.1", f"192.0.2.{end}")})
    b.load_conn({f"peer{end}": site(f"192.0.2.{end}", "192.0.2.1")})
    b.load_shared({"type": "ike", "data": "for this try only", "owners": ["192.0.2.1", f"192.0.2.{end}"]})
    list(b.initiate({"ike": f"peer{end}", "child": "net0", "timeout": "-1"}))
before = until(lambda: len(half_open()) == 2 and half_open())
unknown = terminate("no-such-name")
kept = half_open()
placeholder = terminate("(unnamed)")
until(lambda: half_open() != before)
after = half_open()
print("listed: " + ", ".join(" ".join(row) for row in before), end="; ")
print(f"terminate no-such-name: {unknown}; terminate (unnamed): {placeholder}; left {len(after)}")
names = {name for name, _, _ in before}
sys.exit(0 if names == {"(unnamed)"} and kept == before and unknown != "success" and placeholder == "success" and not after else 1)
END
