#!/usr/bin/env bash
# IKEv1 with equal lifetimes: both ends reauthenticate the same IKE SA, and the child can be lost at one end
#
# Expected: one end reauthenticates: two IKE SAs for a while, then the new one, with the child at both ends.
# Guess: three IKE SAs for a while if the timers of both ends expire within the 10 s for which the old one is kept; two
#   if they are further apart.
# What happens: as guessed, and the child can be lost. A new main mode does not stop the other end's timer for the old
#   IKE SA, which stays for 10 s (or until over_time ends it). If that timer expires meanwhile, the other end
#   reauthenticates the old IKE SA too: three IKE SAs. It does so although the child has left the old one. The first
#   end moves the child on to the newest IKE SA, the second does not:
#   - with the default, unique = no, the second end loses the child with the IKE SA that it deletes 10 s later. The
#     first end still lists it as INSTALLED;
#   - with unique = replace both ends move the child, and keep it;
#   - with timers more than 10 s apart there are two IKE SAs, and nothing is lost.
#   Equal lifetimes are within 10 s of each other always if rand_time is less (here 5 s), and by chance if it is more.
#   (Not recorded, as it changes from one try to the next: what is left if both timers expire in the same second. Once
#   it was four IKE SAs, once none at all with unique = replace.)
# Versions: strongSwan 5.9.8-5+deb12u5 (Debian 12), charon-systemd; the Python package vici 6.0.3.
# Seen 2026-11-30: equal lifetimes: more than 2 IKE SAs; 5 s apart: 3 IKE SAs, then net0 at a INSTALLED, at b none; 5 s apart, unique = replace: 3 IKE SAs, then net0 at a INSTALLED, at b INSTALLED; 12 s apart: 2 IKE SAs, then net0 at a INSTALLED, at b INSTALLED
# Source: swanctl.conf(5), rand_time: it is subtracted "to avoid having both peers initiating the rekey/reauth procedure
#   simultaneously"; adopt_children_job.c (unique = no) and enforce_replace() in ike_sa_manager.c (10 s).
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
for host in 2 3 4 5; do ip -n "sf$$b" addr add "192.0.2.$host/24" dev wire; done
ip -n "sf$$a" addr add 10.81.0.1/32 dev lo
for net in 2 3 4 5; do ip -n "sf$$b" addr add "10.82.$net.1/32" dev lo; done
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


def load(side, end, rekey_time, options):
    near, far = "192.0.2.1", f"192.0.2.{end}"
    here, there = "10.81.0.0/24", f"10.82.{end}.0/24"
    if side is b:
        near, far, here, there = far, near, there, here
    connection = {
        "version": "1",
        "local_addrs": [near],
        "remote_addrs": [far],
        "proposals": ["aes256-sha256-x25519"],
        "rekey_time": f"{rekey_time}s",
        "over_time": "20s",
        **options,
        "local": {"auth": "psk", "id": near},
        "remote": {"auth": "psk", "id": far},
        "children": {"net0": {"local_ts": [here], "remote_ts": [there], "esp_proposals": ["aes256-sha256"]}},
    }
    side.load_conn({f"peer{end}": connection})
    side.load_shared({"type": "ike", "id": end, "data": "for this try only", "owners": [near, far]})


def look(side):
    """By peer: its IKE SAs, each with the states of its children."""
    peers = {name: {} for name in names}
    for answer in side.list_sas():
        for name, sa in answer.items():
            states = [child["state"].decode() for child in sa["child-sas"].values()]
            peers.setdefault(name, {})[sa["initiator-spi"]] = states  # also "(unnamed)", for a moment
    return peers


def settled():
    """The first IKE SAs are gone, and of those that took their place one is left (`chance` aside)."""
    now = [look(a), look(b)]
    for peers in now:
        for name in names:
            most[name] = max(most[name], len(peers[name]))
    left = [(first[name], peers[name]) for peers in now for name in names if name != chance]
    return now if all(old not in sas and len(sas) == 1 for old, sas in left) else None


chance = "peer2"
kinds = {
    chance: ("equal lifetimes", 20, {"rand_time": "5s"}),
    "peer3": ("5 s apart", 25, {"rand_time": "0s"}),
    "peer4": ("5 s apart, unique = replace", 25, {"rand_time": "0s", "unique": "replace"}),
    "peer5": ("12 s apart", 32, {"rand_time": "0s"}),
}
names = list(kinds)
for name, (_, rekey_time, options) in kinds.items():
    load(a, name[-1], 20, options)
    load(b, name[-1], rekey_time, options)
for name in names:
    list(a.initiate({"ike": name, "child": "net0", "timeout": "15000"}))
first = {name: next(iter(sas)) for name, sas in look(a).items()}
most = dict.fromkeys(names, 0)
ends = until(settled, 60)

seen = {kinds[chance][0]: "more than 2 IKE SAs" if most[chance] > 2 else f"{most[chance]} IKE SAs"}
for name in names[1:]:
    children = ["/".join(states) or "none" for peers in ends for states in peers[name].values()]
    seen[kinds[name][0]] = f"{most[name]} IKE SAs, then net0 at a {children[0]}, at b {children[1]}"
print("; ".join(f"{kind}: {text}" for kind, text in seen.items()))
recorded = {
    "equal lifetimes": "more than 2 IKE SAs",
    "5 s apart": "3 IKE SAs, then net0 at a INSTALLED, at b none",
    "5 s apart, unique = replace": "3 IKE SAs, then net0 at a INSTALLED, at b INSTALLED",
    "12 s apart": "2 IKE SAs, then net0 at a INSTALLED, at b INSTALLED",
}
sys.exit(0 if seen == recorded else 1)
END
