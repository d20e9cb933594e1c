#!/usr/bin/env bats
# Each odd connection of docs/PROTOCOL.md's table, at servers that look, follow and lead (odd.py).

load lab

teardown() {
	lab_down
}

odd() {
	LAB_ASK=$LAB_ASK "$BATS_TEST_DIRNAME/odd.py" "$@" 3>&-
}

TEXT='role6 = observer
links = { handshake_ms = 300; };
timing = { tick_ms = 400; notify_min_ms = 60000; notify_max_ms = 60000; };'

@test "no row of the table is left out, and none is missing there" {
	run -0 odd ids "$BATS_TEST_DIRNAME/../../docs/PROTOCOL.md"
	[ -z "$output" ]
}

@test "odd connections to a server that is looking" {
	lab_make 6 "$TEXT"
	lab_start 2
	lab_until "server 2 looks" lab_is_state 2 looking
	odd looking "$LAB/2/conclave.conf"
}

@test "odd connections to a follower and to the leader" {
	lab_make 6 "$TEXT"
	lab_found
	for id in 1 2 3; do
		lab_start "$id"
	done
	leader=$(lab_wait_leader)
	odd serving "$LAB/$((leader - 1))/conclave.conf" $((leader - 1))
	odd serving "$LAB/$leader/conclave.conf" "$leader"
	[ "$(lab_wait_leader)" = "$leader" ]
}
