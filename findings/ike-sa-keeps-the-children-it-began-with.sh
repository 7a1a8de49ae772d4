#!/usr/bin/env bash
# An IKE SA knows only the children it began with, once `load-conn` changed anything of its connection but children
#
# Expected: after `load-conn` of a connection with a changed IKE setting and one more child at both ends, `initiate` of
#   that child works under the IKE SA that is up, as it does if only the child is added.
# Guess: a change of children alone reaches the IKE SA; any other change puts a new connection beside the one that the
#   IKE SA holds, and the responder looks for the child in the old one.
# What happens: as guessed. An IKE SA holds the connection of its beginning, rekeying included:
#   - only children added or changed, or of the rest nothing but dpd_timeout or dscp: charon logs "updated vici
#     connection" and the IKE SA gets the children; the new child comes up under it;
#   - any other setting (tried: dpd_delay, rekey_time, keyingtries, proposals, encap, unique): "replaced vici
#     connection". If the responder did so, it refuses the new child with TS_UNACCEPTABLE, although it is loaded;
#   - if both ends did so, the initiator does not find its IKE SA again: the child comes up under a second IKE SA;
#   - if both ends changed a setting and changed it back, all is loaded as at the beginning, the initiator finds its IKE
#     SA, and either end refuses the child of the other. Rekeying the IKE SA does not help, only a new IKE SA does.
# Versions: strongSwan 5.9.8-5+deb12u5 (Debian 12), charon-systemd; the Python package vici 6.0.3.
# Seen 2026-11-30: changed by the responder: nothing: up, child rekey_time: up, dpd_timeout: up, dscp: up, dpd_delay: TS_UNACCEPTABLE, rekey_time: TS_UNACCEPTABLE, keyingtries: TS_UNACCEPTABLE, proposals: TS_UNACCEPTABLE, encap: TS_UNACCEPTABLE, unique: TS_UNACCEPTABLE; changed by both: up under a second IKE SA; changed by both and back: from a TS_UNACCEPTABLE, from b TS_UNACCEPTABLE, after rekeying TS_UNACCEPTABLE, with a new IKE SA up
# Source: the VICI README says of load-conn() only "An existing connection with the same name gets updated or replaced";
#   which of the two is said by merge_config() in vici_config.c and the two equals() in peer_cfg.c and ike_cfg.c.
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


def load(side, children, setting=None):
    near, far = ("192.0.2.1", "192.0.2.2") if side is a else ("192.0.2.2", "192.0.2.1")
    nets = {}
    for number in range(children):
        pair = ["10.81.0.0/24"], [f"10.82.{number}.0/24"]
        local, remote = pair if side is a else reversed(pair)
        nets[f"net{number}"] = {"local_ts": local, "remote_ts": remote, "esp_proposals": ["aes256-sha256"]}
    connection = {
        "version": "2",
        "local_addrs": [near],
        "remote_addrs": [far],
        "proposals": ["aes256-sha256-x25519"],
        "local": {"auth": "psk", "id": near},
        "remote": {"auth": "psk", "id": far},
        "children": nets,
    }
    if setting and setting[0] == "child rekey_time":
        nets["net0"]["rekey_time"] = setting[1]
    elif setting:
        connection[setting[0]] = setting[1]
    side.load_conn({"site": connection})


def sas(side):
    return [(sa["initiator-spi"], sa["state"]) for answer in side.list_sas() for sa in answer.values()]


def begin():
    for side in a, b:
        load(side, 1)
    list(a.initiate({"ike": "site", "child": "net0", "timeout": "15000"}))


def end():
    list(a.terminate({"ike": "site", "timeout": "15000"}))
    until(lambda: not sas(a) and not sas(b))
    for side in a, b:
        side.unload_conn({"name": "site"})


def new_child(side):
    said = []
    try:
        for line in side.initiate({"ike": "site", "child": "net1", "timeout": "15000"}):
            said.append(line["msg"].decode())
    except vici.exception.CommandException as error:
        refused = any("received TS_UNACCEPTABLE notify" in line for line in said)
        return "TS_UNACCEPTABLE" if refused else str(error)
    return "up" if len(sas(a)) == 1 else "up under a second IKE SA"


def changed_by_responder(setting):
    begin()
    load(b, 1, setting)
    load(b, 2, setting)
    load(a, 2)
    answer = new_child(a)
    end()
    return answer


def changed_by_both():
    begin()
    for children in 1, 2:
        for side in a, b:
            load(side, children, ("dpd_delay", "30s"))
    answer = new_child(a)
    end()
    return answer


def rekeyed(found, first):
    return len(found) == 1 and found[0][0] != first and found[0][1] == b"ESTABLISHED"


def changed_back():
    begin()
    for side in a, b:
        load(side, 1, ("dpd_delay", "30s"))
        load(side, 2)
    answers = [new_child(a), new_child(b)]
    ((first, _),) = sas(a)
    a.rekey({"ike": "site"})
    until(lambda: all(rekeyed(sas(side), first) for side in (a, b)))
    answers += [new_child(a)]
    list(a.terminate({"ike": "site", "timeout": "15000"}))
    until(lambda: not sas(a) and not sas(b))
    return [*answers, new_child(a)]


for side in a, b:
    side.load_shared({"type": "ike", "data": "for this try only", "owners": ["192.0.2.1", "192.0.2.2"]})
updating = {"nothing": None, "child rekey_time": "20m", "dpd_timeout": "77s", "dscp": "000001"}
proposals = ["aes256-sha256-x25519", "aes128-sha256-x25519"]
replacing = {"dpd_delay": "30s", "rekey_time": "3h", "keyingtries": "0", "proposals": proposals}
replacing |= {"encap": "yes", "unique": "replace"}
seen = {}
for name, value in (updating | replacing).items():
    seen[name] = changed_by_responder((name, value) if value else None)
both = changed_by_both()
back = changed_back()
answers = ", ".join(f"{name}: {answer}" for name, answer in seen.items())
print(f"changed by the responder: {answers};", end=" ")
print(f"changed by both: {both}; changed by both and back: from a {back[0]}, from b {back[1]},", end=" ")
print(f"after rekeying {back[2]}, with a new IKE SA {back[3]}")
recorded = dict.fromkeys(updating, "up") | dict.fromkeys(replacing, "TS_UNACCEPTABLE")
same = seen == recorded and both == "up under a second IKE SA" and back == [*["TS_UNACCEPTABLE"] * 3, "up"]
sys.exit(0 if same else 1)
END
