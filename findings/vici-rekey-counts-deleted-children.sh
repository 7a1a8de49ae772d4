#!/usr/bin/env bash
# VICI `rekey` by the name of a child also counts children that have been rekeyed already
#
# Expected: a tunnel with one child in use. `rekey {child = net0}` answers `matches = 1`, however often it is asked.
# Guess: shortly after a rekey the answer is 2, because the old child stays in the list for a few seconds.
# What happens: right after a rekey the answer is `matches = 2`. The old child, in state DELETED, has the same name
#   and is counted, although it only waits for delayed packets and nothing of it is rekeyed: afterwards there is one
#   INSTALLED child, as before. So `matches` is not the number of children that will be rekeyed; a caller who wants
#   exactly one must pick the INSTALLED child from `list-sas` and rekey it by `child-id`.
# Versions: strongSwan 5.9.8-5+deb12u5 (Debian 12), charon-systemd; the Python package vici 6.0.3.
# Seen 2026-11-30: first rekey matches=1; then net0 is DELETED, INSTALLED; second rekey matches=2; INSTALLED after it: 1
# Source: strongswan.conf(5), charon.delete_rekeyed_delay (5 s by default); the VICI README, command rekey().
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


def site(local, remote, local_net, remote_net):
    return {
        "version": "2",
        "local_addrs": [local],
        "remote_addrs": [remote],
        "proposals": ["aes256-sha256-x25519"],
        "local": {"auth": "psk", "id": local},
        "remote": {"auth": "psk", "id": remote},
        "children": {
            "net0": {"local_ts": [local_net], "remote_ts": [remote_net], "esp_proposals": ["aes256-sha256"]}
        },
    }


def states():
    found = [sa for answer in b.list_sas() for sa in answer.values()]
    return sorted(child["state"].decode() for sa in found for child in sa["child-sas"].values())


for side in a, b:
    side.load_shared({"type": "ike", "data": "for this try only", "owners": ["192.0.2.1", "192.0.2.2"]})
a.load_conn({"site": site("192.0.2.1", "192.0.2.2", "10.81.0.0/24", "10.82.0.0/24")})
b.load_conn({"site": site("192.0.2.2", "192.0.2.1", "10.82.0.0/24", "10.81.0.0/24")})
list(b.initiate({"ike": "site", "child": "net0", "timeout": "15000"}))

first = int(b.rekey({"child": "net0"})["matches"])
until(lambda: states() == ["DELETED", "INSTALLED"])
second = int(b.rekey({"child": "net0"})["matches"])
until(lambda: states() == ["DELETED", "DELETED", "INSTALLED"])
after = states().count("INSTALLED")
print(f"first rekey matches={first}; then net0 is DELETED, INSTALLED;", end=" ")
print(f"second rekey matches={second}; INSTALLED after it: {after}")
sys.exit(0 if (first, second, after) == (1, 2, 1) else 1)
END
