#!/usr/bin/env bats
# A slow disk: in one process of server 3 each call that changes what is below data_dir takes a second
# (tests/hang/slow.c). Only what must be on the disk waits for that, and no loop does.

load lab
load lab_odd
load lab_swap

teardown() {
	lab_down
}

# slow PROGRAM: as this server's environment
slow() {
	echo "LD_PRELOAD=$(realpath "$CONCLAVE_BIN/../tests/slow.so")" CONCLAVE_TEST_SLOW="$1" \
		CONCLAVE_TEST_STUCK="$LAB/stuck" ASAN_OPTIONS=verify_asan_link_order=0
}

# calls PROGRAM THREAD: how often that thread of it called the slow disk
calls() {
	grep -c "^slow: $1 $2 " "$LAB/3/log" || true
}

# Server 3 leads, or is handed leadership to: its slow disk may cost it an election.
three_leads() {
	lab_names 1 3 && return
	lab_conclave "$(lab_wait_leader)" transfer 3 || true
	sleep 1
	lab_names 1 3
}

# slow_up PROGRAM: servers 1 to 3, of which 3 has a slow PROGRAM and a claim to lead, once all is calm
slow_up() {
	lab_make 3 'supervisor = { probation_ms = 500; };'
	lab_found
	mkdir "$LAB/new"
	program=$LAB/new/elector
	cp "$CONCLAVE_BIN/conclave-elector" "$program"
	export LAB_DEADLINE_MS=$((2 * LAB_DEADLINE_MS))
	lab_start 1
	lab_start 2
	lab_wait_leader 1 2
	# shellcheck disable=SC2046 # words
	(export $(slow "$1") && lab_start 3)
	lab_wait_leader
	lab_conclave 3 claim 100
	lab_until "server 3 leads" three_leads
	leader=$(lab_wait_leader)
	[ "$leader" = 3 ]
	lab_until "the copy of the record is written" grep -qx "name main" "$LAB/3/data/connmgr/elector"
	epoch=$(lab_conclave 3 status --json | jq .epoch)
	pids=$(pids_of conclaved connmgr peer)
	main=$(calls "$1" main)
}

pids_of() {
	for name; do
		lab_pid 3 "$name"
	done
}

# answers: conclaved does, while others wait for the disk
answers() {
	lab_door 3 conclaved | jq -e '.processes | length > 0' >/dev/null
}

is_accepted() {
	local where
	for where in run data; do
		grep -qx "name $1" "$LAB/3/$where/connmgr/elector" || return 1
		! grep -q accepted "$LAB/3/$where/connmgr/elector" || return 1
	done
}

# all_the_same PROGRAM: no change of leader, no restart, nothing was killed, and no loop waited
all_the_same() {
	same_leader
	[ "$(pids_of conclaved connmgr peer)" = "$pids" ]
	! grep -E "^(<.>)?conclaved: .*(hung|killed|has not)" "$LAB/3/log" || return 1
	[ "$(calls "$1" main)" = "$main" ]
}

# work PROGRAM: what an operator may do to server 3
work() {
	local name=$1 before
	before=$(calls "$name" other)
	lab_conclave 3 swap elector "$program" &
	while kill -0 $! 2>/dev/null; do
		answers
		lab_nap
	done
	wait $!
	name=$(record 3 | sed -n 's/^name //p')
	[ "$name" != main ]
	lab_until "$name is accepted" is_accepted "$name"
	answers
	lab_conclave 3 claim 200
	[ "$(lab_conclave 3 claim)" = 0xc8 ]
	lab_conclave 3 restart elector
	lab_until "$name is in use" in_use 3 "$name"
	lab_conclave 3 swap --undo
	lab_until "main is accepted" is_accepted main
	all_the_same "$1"
	case $1 in
	conclaved | conclave-connmgr | conclave-peer) [ "$(calls "$1" other)" -gt "$before" ] ;;
	esac
	# an election
	lab_conclave 3 restart peer
	lab_until "they have another epoch" later_epoch
	answers
	[ "$(pids_of conclaved connmgr)" = "$(head -n 2 <<<"$pids")" ]
}

later_epoch() {
	local now
	now=$(lab_conclave "$(lab_wait_leader)" status --json | jq .epoch)
	[ "$now" -gt "$epoch" ]
}

@test "conclaved waits for its disk: swap, claim, restart, election; nothing else changes" {
	slow_up conclaved
	work conclaved
}

@test "conclave-connmgr waits for its disk: swap, claim, restart, election; nothing else changes" {
	slow_up conclave-connmgr
	work conclave-connmgr
}

@test "conclave-elector waits for its disk: swap, claim, restart, election; nothing else changes" {
	slow_up conclave-elector
	work conclave-elector
}

@test "conclave-peer waits for its disk: swap, claim, restart, election; nothing else changes" {
	slow_up conclave-peer
	work conclave-peer
}

@test "the command waits for its disk: swap, claim, restart, election; nothing else changes" {
	slow_up nobody
	# shellcheck disable=SC2046 # words
	export $(slow conclave)
	work conclave
}

@test "a disk that hangs for good: whoever is told to stop stops" {
	slow_up conclave-connmgr
	: >"$LAB/stuck"
	lab_conclave 3 swap elector "$program" &
	swapper=$!
	lab_until "the record is being written" eval '[ $(calls conclave-connmgr other) -gt 0 ]'
	lab_until "health says so" lab_health_says 3 "has not answered for"
	answers
	all_the_same conclave-connmgr
	lab_stop 3
	! wait "$swapper" || return 1
	! grep -E "^(<.>)?conclaved: .*(hung|killed|has not)" "$LAB/3/log" || return 1
}

is_promoting() {
	[ "$(lab_conclave 3 swap --status --json | jq -r .phase)" = promoting ]
}

is_phase_idle() {
	[ "$(lab_conclave 3 swap --status --json | jq -r .phase)" = idle ]
}

@test "an elector is promoted when conclaved has written which program it is, not before" {
	slow_up conclaved
	: >"$LAB/stuck"
	lab_conclave 3 swap elector "$program" &
	swapper=$!
	lab_until "it is to be promoted" is_promoting
	lab_until "the list is being written" eval '[ $(calls conclaved other) -gt 0 ]'
	[ ! -e "$LAB/3/data/conclaved/programs" ]
	for _ in {1..10}; do
		answers
		record 3 | grep -qx "name main"
		lab_nap
	done
	# that swap is given up, and the list of the next one waits for that of the first
	lab_until "it is given up" is_phase_idle
	! wait "$swapper" || return 1
	cp "$program" "$LAB/new/other"
	program=$LAB/new/other
	lab_conclave 3 swap elector "$program" &
	swapper=$!
	lab_until "it is to be promoted" is_promoting
	rm "$LAB/stuck"
	wait "$swapper"
	grep -qx "e.* $program" "$LAB/3/data/conclaved/programs"
	record 3 | grep -qx "before main"
	all_the_same conclaved
	# it stops, too, while its disk hangs
	: >"$LAB/stuck"
	before=$(calls conclaved other)
	lab_conclave 3 swap elector "$program" &
	lab_until "the list is being written" eval '[ $(calls conclaved other) -gt $before ]'
	lab_stop 3
}

takes_part() {
	lab_is_state 3 following || lab_is_state 3 leading
}

@test "connmgr comes back while its disk hangs, and takes part; without run_dir it says what it waits for" {
	slow_up conclave-connmgr
	: >"$LAB/stuck"
	old=$(lab_pid 3 connmgr)
	kill -9 "$old"
	lab_until "connmgr is back" lab_replaced 3 connmgr "$old"
	lab_until "server 3 takes part" takes_part
	lab_until "health says so" lab_health_says 3 "has not answered for"
	lab_conclave 3 restart elector
	lab_until "main is in use" in_use 3 main
	lab_until "server 3 takes part" takes_part
	[ "$(calls conclave-connmgr main)" = "$main" ]
	# nobody knows which elector is in use: the others go on
	lab_stop 3
	rm -r "$LAB/3/run"
	# shellcheck disable=SC2046 # words
	(export $(slow conclave-connmgr) && lab_start 3)
	lab_until "health says so" lab_health_says 3 "so no elector becomes active"
	lab_wait_leader 1 2
	lab_is_state 3 looking
	rm "$LAB/stuck"
	lab_until "server 3 takes part" takes_part
}

@test "conclaved starts while its disk hangs" {
	slow_up conclaved
	lab_stop 3
	: >"$LAB/stuck"
	before=$(calls conclaved main)
	# shellcheck disable=SC2046 # words
	(export $(slow conclaved) && lab_start 3)
	lab_until "server 3 takes part" takes_part
	[ "$(calls conclaved main)" = "$before" ]
}
