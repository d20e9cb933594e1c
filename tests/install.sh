#!/bin/sh
# Installs the Debian packages of a list (default: etc/debian-packages) that are missing. Where none is
# missing it prints nothing and needs neither root nor sudo.
set -eu
cd "$(dirname "$0")/.."

wanted=$(sed 's/#.*//' "${1:-etc/debian-packages}")
missing=
for package in $wanted; do
	dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "conclave: there is no apt-get to install these missing Debian packages with:$missing" >&2
	exit 1
fi
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root=sudo
elif command -v sudo >/dev/null && [ -t 0 ]; then
	as_root=sudo
else
	echo "conclave: packages are missing; as root, run: apt-get install$missing" >&2
	exit 1
fi
echo "conclave: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >&2 || echo "conclave: apt-get update failed; the old lists of packages are used" >&2
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -y -qq --no-install-recommends $missing >&2
