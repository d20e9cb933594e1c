#!/usr/bin/env bats
# A start that somebody waits for, as systemctl does: READY=1 waits for no disk, port or remote.

load lab
load lab_odd

setup() {
	helpers=()
}

teardown() {
	rm -f "$LAB/stuck"
	for pid in "${helpers[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	lab_down
}

# helper FILE WORD CMD…: one that stays; returns when it has written WORD to FILE
helper() {
	local file=$1 word=$2
	shift 2
	: >"$file"
	"$@" </dev/null >"$file" 3>&- &
	helpers+=("$!")
	lab_until "$1 says $word" grep -q "$word" "$file"
}

# hears what systemd would
listen() {
	helper "$LAB/heard" bound python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound")
while True:
    print(s.recv(4096).decode().replace("\n", "|"))' "$LAB/systemd"
}

@test "READY=1 waits for no disk, no port and no remote" {
	lab_make 3
	listen
	for lane in election quorum; do
		helper "$LAB/held-$lane" held "$BATS_TEST_DIRNAME/stranger.py" hold "127.0.0.1:$(lab_port 1 $lane)"
	done
	# the very first start makes these folders, and has to wait for them
	mkdir -m 700 "$LAB/1/data" "$LAB"/1/data/{conclaved,connmgr,peer}
	touch "$LAB/stuck"
	for program in conclaved conclave-connmgr conclave-peer; do
		: >"$LAB/heard"
		(
			export NOTIFY_SOCKET=$LAB/systemd CONCLAVE_TEST_SLOW=$program CONCLAVE_TEST_STUCK=$LAB/stuck
			LD_PRELOAD=$(realpath "$CONCLAVE_BIN/../tests/slow.so") ASAN_OPTIONS=verify_asan_link_order=0 lab_start 1
		)
		lab_until "ready" grep -q 'READY=1|STATUS=all ready' "$LAB/heard"
		lab_kill 1
	done
}
