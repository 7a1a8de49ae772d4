#!/usr/bin/env bash
# VICI `list-conns` does not give back what `load-conn` was given
#
# Expected: a reader can compare `list-conns` with what it loaded, to tell whether the wanted connection is loaded.
# Guess: addresses and durations are normalised, and proposals are absent.
# What happens: the two always differ, and what matters most is absent:
#   - local_ts 10.0.0.5/24 comes back as 10.0.0.0/24, tcp/443 as tcp/https, and the key is local-ts, not local_ts;
#   - rekey_time 1h comes back as 3600, version 2 as IKEv2, auth psk as class "pre-shared key";
#   - dpd_action restart comes back as start; start_action is not in the answer at all;
#   - neither IKE nor ESP proposals are in the answer: two loads that differ only in them look the same.
# Versions: strongSwan 5.9.8-5+deb12u5 (Debian 12), charon-systemd; the Python package vici 6.0.3.
# Seen 2026-11-30: local-ts 10.0.0.0/24 10.9.0.0/24[tcp/https]; rekey_time 3600; version IKEv2; dpd_action start; start_action absent; proposals absent; other proposals loaded: same answer
# Source: the VICI README, event list-conn (its fields are named there; that they are normalised is not said).
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


a = connect("a")


def load(ike, esp):
    child = {
        "local_ts": ["10.0.0.5/24", "10.9.0.0/24[tcp/443]"],
        "remote_ts": ["10.2.0.0/16"],
        "esp_proposals": [esp],
        "start_action": "trap",
        "dpd_action": "restart",
    }
    connection = {
        "version": "2",
        "local_addrs": ["192.0.2.1"],
        "remote_addrs": ["192.0.2.2"],
        "proposals": [ike],
        "rekey_time": "1h",
        "local": {"auth": "psk", "id": "192.0.2.1"},
        "remote": {"auth": "psk", "id": "192.0.2.2"},
        "children": {"net0": child},
    }
    a.load_conn({"site": connection})
    (answer,) = a.list_conns({"ike": "site"})
    return answer["site"]


def text(value):
    return " ".join(item.decode() for item in value) if isinstance(value, list) else value.decode()


first = load("aes256-sha256-x25519", "aes256-sha256")
second = load("aes128-sha256-x25519", "aes128-sha256")
child = first["children"]["net0"]
absent = [not any("proposal" in key for part in (first, child) for key in part), "start_action" not in child]
seen = [text(child["local-ts"]), text(first["rekey_time"]), text(first["version"]), text(child["dpd_action"])]
same = first == second
print("local-ts {}; rekey_time {}; version {}; dpd_action {};".format(*seen), end=" ")
print(f"start_action {'absent' if absent[1] else 'there'}; proposals {'absent' if absent[0] else 'there'};", end=" ")
print(f"other proposals loaded: {'same' if same else 'another'} answer")
recorded = ["10.0.0.0/24 10.9.0.0/24[tcp/https]", "3600", "IKEv2", "start"]
sys.exit(0 if seen == recorded and all(absent) and same else 1)
END
