#!/bin/bash
# How long a process of each layout is away (tests/box), from the fault (of one that takes all memory: from
# its end) to its successor's READY. Of a unit systemd's record tells it, and the wait sleeps, since a loop
# that asks takes the processor from systemd; of conclaved's child its word, the asking included. Prints a
# line for each: median and largest of KILLS (20), a quarter as many hangs and leaks.
# Usage: tests/box/bench.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
CONCLAVE_BIN=$PWD/${1:-build}/bin
KILLS=${KILLS:-20}
BATS_FILE_TMPDIR=$(mktemp -d /tmp/conclave-bench-XXXXXX)
BATS_TEST_DIRNAME=$PWD/tests/system
bats_require_minimum_version() { :; }
. tests/box/box.bash
trap 'box_down; rm -rf "$BATS_FILE_TMPDIR"' EXIT

# until_back PID-OF NAME: the words inside the box that wait for the successor and set `at`, in µs
until_back() {
	case $1 in
	*.service)
		echo "until ! kill -0 \$old 2>/dev/null && [ \"\$(systemctl is-active $1)\" = active ]; do
				sleep 0.05
			done
			at=\$(systemctl show -P ActiveEnterTimestamp --timestamp=us $1)
			at=\$(date -d \"\$at\" +%s%6N)"
		;;
	*)
		echo "until ! kill -0 \$old 2>/dev/null && conclave status --json | grep -qE '\"name\":\"$2\",\"pid\":[0-9]'; do
				:
			done
			at=\${EPOCHREALTIME/./}"
		;;
	esac
}

# away COUNT WHAT PID-OF NAME FAULT…
away() {
	box "
		for ((i = 0; i < $1; i++)); do
			old=\$(pid $3)
			from=\${EPOCHREALTIME/./}
			${*:5}
			$(until_back "$3" "$4")
			echo \$(((at - from) / 1000))
			until serves; do
				sleep 0.05
			done
		done" | sort -n | awk -v what="$2" '{ ms[NR] = $1 } END { printf "%-52s median %5d ms, max %5d\n", what, ms[int((NR + 1) / 2)], ms[NR] }'
}

faults() { # LAYOUT NAME PID-OF…: of the unit or child
	local few=$(((KILLS + 3) / 4))
	away "$KILLS" "$1: kill -9 of $2" "$3" "$2" 'kill -9 $old'
	away "$few" "$1: SIGSTOP of $2 (watchdog 2 s)" "$3" "$2" 'kill -STOP $old'
	away "$few" "$1: $2 has taken all memory" "$3" "$2" \
		'touch /run/leak.$old; while kill -0 $old 2>/dev/null; do :; done; from=${EPOCHREALTIME/./}'
}

box_up 'supervisor = { restart_reset_ms = 1; };'
if [ -n "$BOX_SKIP" ]; then
	echo "no systemd to measure: $BOX_SKIP"
	exit 0
fi
box '
	for unit in conclave conclave-connmgr conclave-elector@main conclave-peer; do
		mkdir -p /run/systemd/system/$unit.service.d
		printf "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/leak.so\n" >/run/systemd/system/$unit.service.d/leak.conf
	done
	systemctl daemon-reload
	systemctl start conclave.target conclave-elector@main'
box_until "it serves" serves
for name in connmgr elector peer; do
	faults "a unit for each" $name "conclave-${name/elector/elector@main}.service"
done
box 'systemctl start conclave'
box_until "it serves" serves
for name in connmgr elector peer; do
	faults "one unit" $name $name
done
faults "one unit" conclaved conclave.service
