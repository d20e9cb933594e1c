#!/usr/bin/env bats
# The rest of the swap matrix, too long for make check: bad electors under load and in the middle of
# elections; good ones while the old one is killed, again and again.

load ../system/lab
load ../system/lab_bad

@test "the matrix: all of them under load, and while an election goes on" {
	bad_up
	load_up "$follower"
	all_bad "$follower"
	kill "$asker"
	asker=
	for kind in crash-attach crash-after-5 hang-attach hang-active flood malformed never-drains; do
		leader=$(lab_wait_leader)
		follower=$((leader % 3 + 1))
		kill -9 "$(lab_pid "$leader" peer)"
		bad "$follower" "$kind"
	done
	lab_wait_leader
}

@test "hundreds of swaps, with the old elector killed in the middle: no close of nng is stuck" {
	bad_up
	for ((i = 0; i < ${LAB_SWAPS:-500}; i++)); do
		lab_until "no swap is under way" free 1
		old=$(lab_pid 1 elector)
		lab_conclave 1 swap elector "$LAB/new/elector-good" >/dev/null 2>&1 3>&- &
		asker=$!
		sleep "0.0$((RANDOM % 9))"
		kill -9 "$old" 2>/dev/null || true
		wait "$asker" || true # it may have been the one that came back
		asker=
	done
	lab_until "no swap is under way" free 1
	same_leader
	[ "$("$CONCLAVE_BIN/../tests/fakeworker" ask "$LAB/1/run/connmgr/door" status | jq .stuck_closes)" = 0 ]
}
