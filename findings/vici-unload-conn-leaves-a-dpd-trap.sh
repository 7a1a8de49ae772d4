#!/usr/bin/env bash
# VICI `unload-conn` leaves the trap policy that dead peer detection installed
#
# Expected: `unload-conn` removes every trap policy of the connection; after `load-conn` of the same name with other
#   settings, whatever a packet negotiates then has the new settings.
# Guess: charon undoes start_action when it unloads a connection, as documented, and forgets that dpd_action=trap and
#   close_action=trap install the same kind of trap.
# What happens: as guessed, if start_action does not include trap:
#   - a trap of start_action goes with `unload-conn`; a trap of dpd_action or close_action stays in `list-policies`;
#   - with nothing loaded at all, the next packet into that trap brings up the unloaded connection;
#   - after a `load-conn` with other settings, following `unload-conn` or not, the next packet negotiates with the old
#     settings of the IKE SA and of the child: the trap holds the connection of the IKE SA that ended. So it is if only
#     rekey_time of the child was changed;
#   - `uninstall` of the child removes the trap, even if the connection is unloaded; `install` after `load-conn`
#     replaces it with one of the new settings.
# Versions: strongSwan 6.0.1-6+deb13u7 (Debian 13), charon-systemd with kernel-libipsec; the Python package vici 6.0.3.
# Seen 2026-11-30: trap after unload-conn, by origin: start_action: removed, close_action: left, close_action, after uninstall: removed, dpd_action: left; settings that a packet uses after unload-conn: old, unload-conn and load-conn: old, load-conn: old, load-conn of another rekey_time only: old, unload-conn, load-conn and install: new
# Source: swanctl.conf(5), start_action: "When unloading or replacing a CHILD_SA configuration having a start_action
#   different from none, the inverse action is performed"; dpd_action and close_action promise nothing of the kind.
#   clear_start_action() in vici_config.c asks for the start_action only; it does so in 6.0.6, too.
# Exit status: 0 as recorded; 2 if the pinned packages are not available; else the behaviour changed, or the set-up
# failed, which it then says. Needs root; removes all it made.

set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "needs root: it makes network namespaces"; exit 2; }
version=6.0.1-6+deb13u7
packages="charon-systemd libstrongswan libstrongswan-standard-plugins strongswan-libcharon libcharon-extra-plugins"
work=$(mktemp -d)
cleanup() {
  for side in a b; do
    for _ in $(seq 100); do
      pids=$(ip netns pids "sf$$$side" 2>/dev/null || true)
      [ -n "$pids" ] || break
      # shellcheck disable=SC2086
      kill -KILL $pids 2>/dev/null || true
      sleep 0.1
    done
    ip netns del "sf$$$side" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 2' INT TERM

# The pinned packages: those installed if they have this version, else unpacked with all that they depend on, libc
# included, by an apt of its own with the system's Debian sources for another suite. Only the daemons see them.
own_apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" \
    -o Dir::Cache="$work/apt" -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Sandbox::User=root "$@" >>"$work/apt/log" 2>&1
}
unpack() {
  key="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
  mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
  touch "$work/apt/status"
  apt-get --print-uris update | sed -nE "s#^'(.*/debian(-security)?)/dists/[a-z]+(-updates|-security)?/InRelease' .*#\
deb [$key] \\1 trixie\\3 main#p" >"$work/apt/sources.list"
  # shellcheck disable=SC2046,SC2086
  own_apt --error-on=any update &&
    own_apt --no-install-recommends --download-only install $(printf "%s=$version " $packages) || return
  for package in "$work"/apt/archives/*.deb; do dpkg-deb -x "$package" "$work/unpacked" || return; done
}
overlay=""
for package in $packages; do
  [ "$(dpkg-query -W -f='${Version}' "$package" 2>/dev/null || true)" = "$version" ] || overlay=yes
done
if [ -n "$overlay" ]; then
  unpack || { tail -n 5 "$work/apt/log"; echo "strongSwan $version is not among Debian's packages now"; exit 2; }
  echo "strongSwan $version: unpacked from Debian's packages"
else
  echo "strongSwan $version: the installed Debian packages"
fi
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check vici==6.0.3 2>/dev/null || {
  echo "the Python package vici 6.0.3 is not available"
  exit 2
}

# Two hosts and a wire between them.
for side in a b; do
  ip netns add "sf$$$side"
  ip -n "sf$$$side" link set lo up
done
ip -n "sf$$a" link add wire type veth peer name wire netns "sf$$b"
ip -n "sf$$a" addr add 192.0.2.1/24 dev wire
ip -n "sf$$b" addr add 192.0.2.2/24 dev wire
ip -n "sf$$a" addr add 10.81.0.1/32 dev lo
ip -n "sf$$b" addr add 10.82.0.1/32 dev lo
for side in a b; do ip -n "sf$$$side" link set wire up; done
for side in a b; do
  mkdir "$work/$side"
  cat >"$work/$side/strongswan.conf" <<END
charon-systemd {
  load = nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  retransmit_timeout = 1
  retransmit_base = 1
  retransmit_tries = 3
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
  cat >"$work/$side/charon" <<END
#!/bin/sh
export STRONGSWAN_CONF="$work/$side/strongswan.conf"
[ -n "$overlay" ] || exec charon-systemd
mount -t overlay -o lowerdir="$work/unpacked/usr/lib:/usr/lib" overlay /usr/lib
exec "$work/unpacked/usr/sbin/charon-systemd"
END
  chmod 755 "$work/$side/charon"
done

"$work/venv/bin/python" - "$work" "sf$$" <<'END'
import atexit
import socket
import subprocess
import sys
import time
from pathlib import Path

import vici

WORK, SPACES = sys.argv[1:]
PROPOSALS = ["aes128-sha256-x25519", "aes256-sha256-x25519"]
# The IKE proposal; rekey_time of the child, and the life_time that follows from it.
SETTINGS = {"old": (PROPOSALS[0], "1000s", 1100), "new": (PROPOSALS[1], "3000s", 3300)}
SETTINGS["new child"] = (PROPOSALS[0], *SETTINGS["new"][1:])
running, sessions = {}, {}


def until(condition, what, seconds=60):
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > limit:
            sys.exit(f"set-up failed: {what} was waited for and did not come")
        time.sleep(0.1)
    return answer


def start(side):
    Path(WORK, side, "vici").unlink(missing_ok=True)
    command = ["ip", "netns", "exec", SPACES + side, f"{WORK}/{side}/charon"]
    running[side] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    link = socket.socket(socket.AF_UNIX)
    until(lambda: link.connect_ex(f"{WORK}/{side}/vici") == 0, f"charon {side}")
    session = sessions[side] = vici.Session(link)
    session.load_shared({"type": "ike", "data": "for this try only", "owners": ["192.0.2.1", "192.0.2.2"]})
    return session


def kill(side):
    running[side].kill()
    running[side].wait()


@atexit.register
def kill_all():
    for side in running:
        kill(side)


def load(side, near, far, proposals, child, **settings):
    connection = {
        "version": "2",
        "local_addrs": [near],
        "remote_addrs": [far],
        "proposals": proposals,
        "local": {"auth": "psk", "id": near},
        "remote": {"auth": "psk", "id": far},
        "children": {"net": child | {"esp_proposals": ["aes256-sha256"]}},
    }
    sessions[side].load_conn({"site": connection | settings})


def load_a(which, **actions):
    proposal, rekey_time, _ = SETTINGS[which]
    child = {"local_ts": ["10.81.0.0/24"], "remote_ts": ["10.82.0.0/24"], "rekey_time": rekey_time, **actions}
    load("a", "192.0.2.1", "192.0.2.2", [proposal], child, dpd_delay="1s")


def start_b():
    start("b")
    child = {"local_ts": ["10.82.0.0/24"], "remote_ts": ["10.81.0.0/24"], "rekey_time": "0"}
    load("b", "192.0.2.2", "192.0.2.1", PROPOSALS, child)


def traps():
    return [name for answer in a.list_policies({"trap": "yes"}) for name in answer]


def tunnel():
    """Return whose settings the IKE SA and the child that is up have, or None if none is up."""
    for answer in a.list_sas():
        for sa in answer.values():
            for child in sa["child-sas"].values():
                if child["state"] == b"INSTALLED":
                    return whose(f"aes{sa['encr-keysize'].decode()}-", int(child["life-time"]))
    return None


def whose(key, life):
    for name, (proposal, _, longest) in SETTINGS.items():
        if proposal.startswith(key) and longest - 300 < life <= longest:
            return name
    return f"neither ({key} {life})"


def packet():
    """Send packets into the trap, if there is one, until a child is up; return the settings it has."""
    if not traps():
        return "no trap"
    command = ["ip", "netns", "exec", f"{SPACES}a", "bash", "-c", "echo >/dev/udp/10.82.0.1/9"]

    def answer():
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        return tunnel()

    return until(answer, "a tunnel after a packet")


def begin(action):
    """Bring the connection up with the old settings, and end it so that charon installs a trap."""
    load_a("old", **{action: "trap"})
    list(a.initiate({"ike": "site", "child": "net", "timeout": "15000"}))
    if tunnel() != "old":
        sys.exit(f"set-up failed: the first tunnel has the settings of {tunnel()}")
    if action == "close_action":
        list(sessions["b"].terminate({"ike": "site", "timeout": "15000"}))
    else:
        kill("b")
    until(lambda: traps() == ["site/net"] and not list(a.list_sas()), "a trap policy")
    if action == "dpd_action":
        start_b()


def unload():
    a.unload_conn({"name": "site"})
    return "left" if traps() else "removed"


def uninstall():
    if traps():
        a.uninstall({"ike": "site", "child": "net"})
    return "left" if traps() else "removed"


def end():
    """Leave nothing loaded, up or installed."""
    if list(a.list_sas()):
        list(a.terminate({"ike": "site", "timeout": "15000"}))
    if list(a.list_conns()):
        unload()
    uninstall()
    until(lambda: not list(a.list_sas()) and not traps(), "an end")


a = start("a")
start_b()
left, used = {}, {}

load_a("old", start_action="trap", dpd_action="trap")
until(traps, "a trap policy")
left["start_action"] = unload()

begin("close_action")
left["close_action"] = unload()
left["close_action, after uninstall"] = uninstall()
end()

begin("dpd_action")
left["dpd_action"] = unload()
if list(a.list_conns()):
    sys.exit("set-up failed: a connection is loaded still")
used["unload-conn"] = packet()
end()

begin("dpd_action")
unload()
load_a("new", dpd_action="trap")
used["unload-conn and load-conn"] = packet()
end()

begin("dpd_action")
load_a("new", dpd_action="trap")
used["load-conn"] = packet()
end()

begin("dpd_action")
load_a("new child", dpd_action="trap")
used["load-conn of another rekey_time only"] = packet()
end()

begin("dpd_action")
unload()
load_a("new", dpd_action="trap")
a.install({"ike": "site", "child": "net"})
used["unload-conn, load-conn and install"] = packet()
end()


def text(answers):
    return ", ".join(f"{name}: {answer}" for name, answer in answers.items())


print(f"trap after unload-conn, by origin: {text(left)};", end=" ")
print(f"settings that a packet uses after {text(used)}")
same = list(left.values()) == ["removed", "left", "removed", "left"]
sys.exit(0 if same and list(used.values()) == ["old"] * 4 + ["new"] else 1)
END
