#!/usr/bin/env bats
# conclave claim: the freshness that a server's vote carries, kept over restarts.

load lab
load lab_odd

teardown() {
	lab_down
}

claims() { # ID: the claim that its status shows
	lab_conclave "$1" status --json | jq -re .claim
}

@test "the server with the highest claim wins, whatever its id; kept over restarts" {
	lab_up 3
	leader=$(lab_wait_leader)
	[ "$leader" != 1 ]
	run -0 lab_conclave 1 claim
	[ "$output" = 0x0 ]
	run -0 lab_conclave 1 claim 100 # a follower's
	[ "$output" = 0x64 ]
	run -0 lab_conclave "$leader" claim 0x10 --json # the leader's
	[ "$output" = "{\"schema\":1,\"id\":$leader,\"claim\":\"0x10\"}" ]
	[ "$(claims 1) $(claims "$leader") $(claims $((5 - leader)))" = "0x64 0x10 0x0" ]
	# it counts from the next election on
	[ "$(lab_wait_leader)" = "$leader" ]
	lab_stop "$leader"
	[ "$(lab_wait_leader)" = 1 ]
	lab_start "$leader"
	[ "$(lab_wait_leader)" = 1 ]
	# everything dies, the leader last, so that the epochs stay equal; 1 and 2 are a quorum
	for id in 3 2 1; do
		lab_kill "$id"
	done
	lab_start 1
	lab_start 2
	[ "$(lab_wait_leader 1 2)" = 1 ]
	[ "$(claims 1)" = 0x64 ]
	run -0 lab_conclave 1 status
	[[ "$output" == *"claim 0x64"* ]]
	lab_conclave 2 status --json | jq -e '.remotes[] | select(.id == 1) | .vote.zxid == "0x64"'
}

@test "claims change on all servers and the leader starts again: the freshest leads, in a higher epoch" {
	lab_up 3
	old=$(lab_wait_leader)
	fresh=$((5 - old))
	lab_conclave 1 claim 10
	lab_conclave "$fresh" claim 0x7fffffffffffffff
	lab_conclave "$old" claim 20
	epoch=$(lab_conclave "$old" status --json | jq .epoch)
	lab_stop "$old"
	[ "$(lab_wait_leader)" = "$fresh" ]
	lab_start "$old"
	[ "$(lab_wait_leader)" = "$fresh" ]
	[ "$(lab_conclave "$old" status --json | jq .epoch)" -gt "$epoch" ]
	lab_conclave "$fresh" claim 0 # a lower one too
	lab_stop "$fresh"
	[ "$(lab_wait_leader)" = "$old" ]
}

@test "a claim that was answered is kept, whenever the peer is killed" {
	lab_up 1 'supervisor = { restart_min_ms = 1; restart_max_ms = 1; restart_reset_ms = 1; };'
	lab_wait_leader
	echo 0 >"$LAB/kept"
	echo 0 >"$LAB/tried"
	{
		n=0
		while [ -e "$LAB/kept" ] && [ ! -e "$LAB/enough" ]; do
			echo $((++n)) >"$LAB/tried.new"
			mv "$LAB/tried.new" "$LAB/tried"
			if lab_conclave 1 claim "$n"; then
				echo "$n" >"$LAB/kept.new"
				mv "$LAB/kept.new" "$LAB/kept"
			fi
		done
	} >/dev/null 2>&1 3>&- {LAB_LOCK}>&- &
	claimer=$!
	more() { # than KEPT was kept
		[ "$(cat "$LAB/kept")" -gt "$1" ]
	}
	for _ in {1..10}; do
		lab_until "a claim is kept" more "$(cat "$LAB/kept")"
		old=$(lab_pid 1 peer)
		kill -9 "$old"
		kept=$(cat "$LAB/kept")
		lab_until "server 1 has a new peer" lab_replaced 1 peer "$old"
		lab_until "its claim is known" claims 1
		((kept <= $(claims 1)))
	done
	touch "$LAB/enough"
	wait "$claimer"
	(($(cat "$LAB/kept") <= $(claims 1) && $(claims 1) <= $(cat "$LAB/tried")))
}

@test "a claim that cannot be written is refused with the reason, and nothing changes" {
	lab_make 1
	LD_PRELOAD=$(realpath "$CONCLAVE_BIN/../tests/hang.so") CONCLAVE_TEST_FAIL=$LAB/fail \
		ASAN_OPTIONS=verify_asan_link_order=0 lab_start 1
	lab_wait_leader
	lab_conclave 1 claim 7
	: >"$LAB/fail"
	run -1 lab_conclave 1 claim 8
	[[ "$output" == *refused*"$LAB/1/data/peer/epochs"* ]]
	[ "$(claims 1)" = 0x7 ]
	lab_is_state 1 leading
	rm "$LAB/fail"
	run -0 lab_conclave 1 claim 9
	[ "$(claims 1)" = 0x9 ]
	lab_is_state 1 leading
}

@test "without Zab the claim counts too" {
	lab_up 2 'zab = false;'
	lab_conclave 1 wait --leader
	run -0 lab_conclave 1 claim 3
	lab_stop 2
	lab_until "server 1 looks again" lab_is_state 1 looking
	lab_start 2
	lab_until "server 1 leads" lab_is_state 1 leading
}

@test "what is no claim: 64; nobody there: 69" {
	lab_make 1
	for bad in -1 +1 "" " 1" 1.0 1e3 0x 0X1 x 0x1g 9223372036854775808 0x8000000000000000 99999999999999999999; do
		run -64 lab_conclave 1 claim "$bad"
		[[ "$output" == *9223372036854775807*"conclave [-c FILE] claim [N]"* ]]
	done
	run -64 lab_conclave 1 claim 1 2
	run -69 lab_conclave 1 claim
	run -69 lab_conclave 1 claim 1
}
