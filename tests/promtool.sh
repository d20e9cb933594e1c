#!/bin/sh
# Prints the path of promtool: the one that is installed, or one taken out of Debian's package
# `prometheus` (19 MB) into BUILD. The package itself is not installed: that would start a server.
# Usage: tests/promtool.sh BUILD
set -eu
build=$1
if command -v promtool; then
	exit 0
fi
if [ ! -x "$build/promtool" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work" # apt fetches as a user of its own
	(cd "$work" && { apt-get download -qq -o APT::Sandbox::User=root prometheus || { apt-get update -qq && apt-get download -qq -o APT::Sandbox::User=root prometheus; }; }) >&2
	dpkg-deb --fsys-tarfile "$work"/prometheus_*.deb | tar -x -C "$work" ./usr/bin/promtool
	mkdir -p "$build"
	mv "$work/usr/bin/promtool" "$build/promtool"
fi
realpath "$build/promtool"
