#!/usr/bin/env bats
# Workers die, hang and come back, one at a time, on leader and follower; what may not change does not.

load lab

teardown() {
	[ -z "$LAB" ] || find "$LAB" -name log -type p -delete # lab_down reads the logs
	lab_down
}

# kill_worker ID WORKER: kill -9, and wait until its successor is in service
kill_worker() {
	local id=$1 worker=$2 old
	old=$(lab_pid "$id" "$worker")
	kill -9 "$old"
	lab_until "server $id has a new $worker" lab_replaced "$id" "$worker" "$old"
}

# others_kept ID WORKER: pids of all processes of the server but that worker
others_kept() {
	lab_conclave "$1" status --json |
		jq -c --arg w "$2" '[.processes[] | select(.name != $w) | [.name, .pid]]'
}

# a worker of a follower, or any elector: killing it restarts that one only and changes no leader
kept_by_all() {
	local id=$1 worker=$2 leader=$3 before epoch
	before=$(others_kept "$id" "$worker")
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	kill_worker "$id" "$worker"
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(others_kept "$id" "$worker")" = "$before" ]
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
}

@test "kill -9 of the elector, on leader and follower, changes no leader" {
	lab_up 3
	leader=$(lab_wait_leader)
	kept_by_all "$leader" elector "$leader"
	kept_by_all $((leader % 3 + 1)) elector "$leader"
}

@test "kill -9 of a follower's peer and connmgr changes no leader" {
	lab_up 3
	leader=$(lab_wait_leader)
	kept_by_all $((leader % 3 + 1)) peer "$leader"
	kept_by_all $((leader % 3 + 1)) connmgr "$leader"
}

@test "kill -9 of the leader's peer: without patience the others elect at once, with a higher epoch" {
	lab_up 3 'resume_ms = 0;'
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	before=$(others_kept "$leader" peer)
	kill_worker "$leader" peer
	second=$(lab_wait_leader)
	[ "$(lab_conclave "$second" status --json | jq .epoch)" -gt "$epoch" ]
	[ "$(others_kept "$leader" peer)" = "$before" ]
}

@test "kill -9 of the leader's connmgr: without patience the others elect at once, with a higher epoch" {
	lab_up 3 'resume_ms = 0;'
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	before=$(others_kept "$leader" connmgr)
	kill_worker "$leader" connmgr
	second=$(lab_wait_leader)
	[ "$(lab_conclave "$second" status --json | jq .epoch)" -gt "$epoch" ]
	[ "$(others_kept "$leader" connmgr)" = "$before" ]
}

@test "SIGSTOP of each worker is found and the worker replaced" {
	lab_up 3 'supervisor = { watchdog_ms = 2000; abort_ms = 200; };'
	leader=$(lab_wait_leader)
	for worker in elector peer connmgr; do
		old=$(lab_pid "$leader" "$worker")
		kill -STOP "$old"
		lab_until "a new $worker" lab_replaced "$leader" "$worker" "$old"
		lab_wait_leader
	done
}

# look_alone: one server of three looks, with nobody to elect; it is `other`, and `third` may come
look_alone() {
	lab_up 3 'early_finalize = false;'
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	third=$((other % 3 + 1))
	lab_kill "$leader"
	lab_kill "$third"
	lab_until "server $other looks" lab_is_state "$other" looking
}

@test "an elector that crashes in the middle of an election does not stop it" {
	look_alone
	kill -9 "$(lab_pid "$other" elector)"
	lab_start "$third"
	lab_wait_leader "$other" "$third"
}

@test "a connmgr that is killed in the middle of an election does not stop it" {
	look_alone
	kill -9 "$(lab_pid "$other" connmgr)"
	lab_start "$third"
	lab_wait_leader "$other" "$third"
}

@test "conclave restart replaces one worker" {
	lab_up 1
	lab_wait_leader
	old=$(lab_pid 1 elector)
	run -0 lab_conclave 1 restart elector
	lab_until "a new elector" lab_replaced 1 elector "$old"
	[ "$(lab_wait_leader)" = 1 ]
	run -64 lab_conclave 1 restart nobody
}

@test "a worker that comes back runs with what conclaved has read, not with what the file says by then" {
	local conf
	lab_up 3
	lab_wait_leader
	conf=$LAB/1/conclave.conf
	cp "$conf" "$LAB/kept"
	# alone, it would lead at once
	sed -i -E '/^\t\{ id = [23];/d; s/^(\t\{ id = 1;.*\}),$/\1/' "$conf"
	run -1 lab_conclave 1 reload
	[[ "$output" == *"conclave.conf:"*"write version = 2;"* ]]
	for worker in connmgr elector peer; do
		kill_worker 1 $worker
	done
	cp "$LAB/kept" "$conf"
	lab_wait_leader 1 2 3
	run -0 lab_conclave 1 reload
	# a slip of the pen in it costs no worker
	echo 'slip' >>"$conf"
	pids=$(pgrep -P "$(<"$LAB/1/pid")")
	# shellcheck disable=SC2086 # pids
	kill -9 $pids
	cp "$LAB/kept" "$LAB/1/asked.conf"
	lab_until "server 1 has all its workers again" eval \
		'[ "$(pgrep -cP "$(<"$LAB/1/pid")")" = 3 ] && "$LAB_ASK/conclave" -c "$LAB/1/asked.conf" wait --leader --timeout 1'
	cp "$LAB/kept" "$conf"
	lab_wait_leader 1 2 3
}

@test "connmgr is killed again and again: no connection is refused" {
	lab_up 1 'supervisor = { restart_reset_ms = 1; };'
	lab_wait_leader
	"$BATS_TEST_DIRNAME/knock.py" 1000 127.0.0.1 $((LAB_PORT + 3)) >"$LAB/knocks" 3>&- &
	knocker=$!
	kills=0
	until lab_gone $knocker; do
		kill_worker 1 connmgr
		kills=$((kills + 1))
	done
	cat "$LAB/knocks"
	[[ "$(<"$LAB/knocks")" =~ ^1000:\ 0\ refused,\ 0\ silent,\ ([0-9]+)\ closed, ]]
	[ "${BASH_REMATCH[1]}" -le $kills ] # each death closes one at the most
	[ $kills -gt 0 ]
}

@test "connmgr that keeps failing has its ports shut" {
	lab_up 1 'supervisor = { restart_min_ms = 1; restart_max_ms = 1; };'
	lab_wait_leader
	mv "$LAB/1/data/connmgr" "$LAB/1/data/kept"
	touch "$LAB/1/data/connmgr" # no folder, so none of them gets far
	kill -9 "$(lab_pid 1 connmgr)"
	lab_until "the port is shut" eval '[[ $("$BATS_TEST_DIRNAME/knock.py" 1 127.0.0.1 $((LAB_PORT + 3))) == *" 1 refused"* ]]'
	rm "$LAB/1/data/connmgr"
	mv "$LAB/1/data/kept" "$LAB/1/data/connmgr"
	lab_until "the port is open" eval '[[ $("$BATS_TEST_DIRNAME/knock.py" 1 127.0.0.1 $((LAB_PORT + 3))) == *" 0 refused"* ]]'
	[ "$(lab_wait_leader)" = 1 ]
}

@test "conclaved killed -9 takes its workers with it, and starts again" {
	lab_up 3
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	workers=$(for w in connmgr elector peer; do lab_pid "$other" $w; done)
	kill -9 "$(lab_pid "$other" conclaved)"
	for pid in $workers; do
		lab_until "worker $pid is gone" lab_gone "$pid"
	done
	lab_start "$other"
	lab_until "server $other follows" lab_is_state "$other" following
}

# the_log_goes_on FIFO: what is in it now has more than it was filled with
the_log_goes_on() {
	dd if="$1" iflag=nonblock bs=64K 2>/dev/null | tr -d '\0' | grep -q .
}

@test "a log that nobody reads stops nobody" {
	lab_make 1
	mkfifo "$LAB/1/log"
	exec {log}<>"$LAB/1/log"
	dd if=/dev/zero of="$LAB/1/log" oflag=nonblock bs=4096 count=4096 2>/dev/null || true
	lab_start 1
	[ "$(lab_wait_leader)" = 1 ]
	old=$(lab_pid 1 elector)
	kill -9 "$old"
	lab_until "the elector is back" lab_replaced 1 elector "$old"
	[ "$(lab_wait_leader)" = 1 ]
	lab_until "the pipe is empty" eval '! the_log_goes_on "$LAB/1/log"'
	kill -HUP "$(lab_pid 1 conclaved)"
	lab_until "there are new lines" the_log_goes_on "$LAB/1/log"
	lab_conclave 1 status --json |
		jq -e 'all(.processes[]; .restarts == if .name == "elector" then 1 else 0 end)'
}
