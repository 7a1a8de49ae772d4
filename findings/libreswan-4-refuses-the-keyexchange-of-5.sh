#!/usr/bin/env bash
# Libreswan 4 refuses the whole configuration for keyexchange=ikev2, which Libreswan 5 documents
#
# Expected: a value that a release does not know costs the connection that has it, and others are loaded; and a file
#   for both releases can be written in the way that the newer manual describes.
# Guess: 4.10 ignores keyexchange=ikev2 with a warning, since it had the keyword before, with the one value "ike".
# What happens: otherwise than guessed.
#   - 4.10: "keyword keyexchange, invalid value: ikev2" is an error; addconn ends with status 1 and reads no further, so
#     that a connection in another included file, which is valid, is not loaded either. Only 5 reads keyexchange=ikev1
#     and keyexchange=ikev2.
#   - ikev2=insist and ikev2=never, which the manual of 5 calls replaced, are read by both without a warning: the only
#     way to name the IKE version in a file for both.
# Versions: Libreswan 4.10-2+deb12u1 (Debian 12) and 5.2-2.2 (Debian 13).
# Seen 2026-11-30, exit status: 4.10: keyexchange=ikev2 1, ikev2=insist 0, both files 1, ikev2=never 0; 5.2: 0 for all.
# Source: ipsec.conf(5), keyexchange; 5.2: "This option replaces ikev2="; 4.10: "the default and currently the only
#   accepted value is ike".
# Exit status: 0 as recorded; 2 if the pinned packages are not available; else the behaviour changed.

set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM

# Each release with all that it depends on, libc included, by an apt of its own with the system's Debian sources for
# another suite. Nothing is installed.
own_apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dir::State="$1/apt" -o Dir::State::status="$1/apt/status" \
    -o Dir::Cache="$1/apt" -o Dir::Etc::sourcelist="$1/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Sandbox::User=root "${@:2}" >>"$1/apt/log" 2>&1
}
unpack() {
  local root=$work/$1 key="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg" package
  mkdir -p "$root/apt/lists/partial" "$root/apt/archives/partial"
  touch "$root/apt/status"
  apt-get --print-uris update | sed -nE "s#^'(.*/debian(-security)?)/dists/[a-z]+(-updates|-security)?/InRelease' .*#\
deb [$key] \\1 $1\\3 main#p" >"$root/apt/sources.list"
  own_apt "$root" --error-on=any update &&
    own_apt "$root" --no-install-recommends --download-only install "libreswan=$2" || return
  for package in "$root"/apt/archives/*.deb; do dpkg-deb -x "$package" "$root/unpacked" || return; done
}

# One connection that names its IKE version by $2.
connection() {
  printf 'conn %s\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n\t%s\n' "$1" "$2"
}
mkdir "$work/ipsec.d"
connection one keyexchange=ikev2 >"$work/ipsec.d/one.conf"
connection two ikev2=insist >"$work/ipsec.d/two.conf"
connection three ikev2=never >"$work/never.conf"
printf 'include %s/ipsec.d/*.conf\n' "$work" >"$work/both.conf"

# The exit status of reading a file.
status() {
  local libraries=$work/$1/unpacked/usr/lib/x86_64-linux-gnu result=0
  "$work/$1/unpacked/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" \
    "$work/$1/unpacked/usr/libexec/ipsec/addconn" --config "$2" --checkconfig >>"$work/said" 2>&1 || result=$?
  echo "$result"
}

found=""
for release in "bookworm 4.10-2+deb12u1" "trixie 5.2-2.2"; do
  read -r suite version <<<"$release"
  unpack "$suite" "$version" || {
    tail -n 5 "$work/$suite/apt/log"
    echo "Libreswan $version is not among Debian's packages now"
    exit 2
  }
  loader=$(find "$work/$suite/unpacked" -name ld-linux-x86-64.so.2 | head -n 1)
  mkdir -p "$work/$suite/unpacked/lib64"
  [ -e "$work/$suite/unpacked/lib64/ld-linux-x86-64.so.2" ] || cp "$loader" "$work/$suite/unpacked/lib64/"
  libc=$work/$suite/unpacked/lib/x86_64-linux-gnu
  [ ! -d "$libc" ] || [ -L "$work/$suite/unpacked/lib" ] || cp -a "$libc/." "$work/$suite/unpacked/usr/lib/x86_64-linux-gnu/"
  found+="${version%%-*}: $(status "$suite" "$work/ipsec.d/one.conf")"
  found+=" $(status "$suite" "$work/ipsec.d/two.conf") $(status "$suite" "$work/both.conf")"
  found+=" $(status "$suite" "$work/never.conf"); "
done
echo "keyexchange=ikev2, ikev2=insist, both files, ikev2=never: $found"
grep -q "keyword keyexchange, invalid value: ikev2" "$work/said"
[ "$found" = "4.10: 1 0 1 0; 5.2: 0 0 0 0; " ]
