#!/usr/bin/env bats
# Each odd connection of docs/PROTOCOL.md's table, at servers that look, follow and lead (odd.py).

load lab

teardown() {
	lab_down
}

odd() {
	LAB_ASK=$LAB_ASK "$BATS_TEST_DIRNAME/odd.py" "$@" 3>&-
}

# It is slow, so that nothing but what is played is heard.
TEXT='links = { handshake_ms = 300; };
timing = { tick_ms = 400; notify_min_ms = 60000; notify_max_ms = 60000; };'

@test "no row of the table is left out, and none is missing there" {
	run -0 odd ids "$BATS_TEST_DIRNAME/../../docs/PROTOCOL.md"
	[ -z "$output" ]
}

@test "odd connections to a server that is looking" {
	lab_make 6 "role6 = observer
$TEXT"
	lab_start 2
	lab_until "server 2 looks" lab_is_state 2 looking
	odd looking "$LAB/2/conclave.conf"
}

@test "odd connections to a follower and to the leader" {
	lab_make 6 "role6 = observer"
	lab_found
	# now it is slow
	sed -i 's/timing = { tick_ms = 400;/& notify_min_ms = 60000; notify_max_ms = 60000;/' "$LAB"/*/conclave.conf
	echo 'links = { handshake_ms = 300; };' | tee -a "$LAB"/*/conclave.conf >/dev/null
	for id in 1 2 3; do
		lab_start "$id"
	done
	leader=$(lab_wait_leader)
	follower=$((leader % 3 + 1))
	odd serving "$LAB/$follower/conclave.conf" "$follower"
	odd serving "$LAB/$leader/conclave.conf" "$leader"
	[ "$(lab_wait_leader)" = "$leader" ]
}
