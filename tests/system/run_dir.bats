#!/usr/bin/env bats
# run_dir is removed, replaced or full while a server runs: nothing dies of it, killed workers come
# back, and a second conclaved is kept out.

load lab
load lab_odd

setup() {
	mounted=
}

teardown() {
	if [ -n "$mounted" ]; then
		lab_stop 1
		umount -l "$mounted"
	fi
	lab_down
}

# state ID NAME: of a process, as conclaved says
state() {
	lab_conclave "$1" status --json | jq -e --arg n "$2" '.processes[] | select(.name == $n).state == "ready"'
}

new_process() { # ID NAME OLD-PID
	state "$1" "$2" && [ "$(lab_pid "$1" "$2")" != "$3" ]
}

healthy() {
	lab_conclave "$1" health
}

# comes_back ID: a worker that is killed now has a successor, and with the others restarted all is well
comes_back() {
	local old
	lab_until "conclaved of $1 answers again" state "$1" conclaved
	old=$(lab_pid "$1" elector)
	kill -9 "$old"
	lab_until "elector of $1 comes back" new_process "$1" elector "$old"
	lab_until "health of $1 says what to restart" lab_health_says "$1" "conclave restart peer"
	lab_conclave "$1" restart peer
	lab_until "all of $1 is well" healthy "$1"
}

@test "run_dir removed: killed workers come back, and health says which restart mends the rest" {
	lab_up 3
	leader=$(lab_wait_leader)
	id=$((leader % 3 + 1))
	rm -rf "$LAB/$id/run"
	lab_until "health says so" lab_health_says "$id" "control socket of connmgr .* conclave restart connmgr"
	comes_back "$id"
	lab_wait_leader
}

@test "run_dir replaced by another folder: the same" {
	lab_up 3
	leader=$(lab_wait_leader)
	id=$((leader % 3 + 1))
	mv "$LAB/$id/run" "$LAB/$id/run.old"
	mkdir -m 700 "$LAB/$id/run"
	comes_back "$id"
	lab_wait_leader
}

@test "a worker's socket removed: the worker makes it again" {
	lab_up 1
	lab_wait_leader
	for path in "$LAB"/1/run/*/door; do
		rm "$path"
	done
	lab_until "all answer again" healthy 1
	lab_wait_leader
	lab_until "no socket is missing" test -S "$LAB/1/run/peer/door" -a -S "$LAB/1/run/connmgr/door" \
		-a -S "$LAB/1/run/elector-main/door" -a -S "$LAB/1/run/conclaved/door"
}

@test "without run_dir a second conclaved is kept out by data_dir" {
	lab_up 1
	lab_wait_leader
	pid=$(lab_pid 1 conclaved)
	for i in 1 2 3; do
		rm -rf "$LAB/1/run"
		run -1 timeout 20 "$CONCLAVE_BIN/conclaved" -c "$LAB/1/conclave.conf"
		[[ "$output" == *"another conclaved"*"$LAB/1/data"* ]]
	done
	lab_until "the first answers" state 1 conclaved
	[ "$(lab_pid 1 conclaved)" = "$pid" ]
}

@test "a full run_dir: nothing dies, the status file stays, health works, killed workers come back" {
	[ "$(id -u)" = 0 ] || skip "needs root, to mount"
	lab_make 1
	mkdir -m 700 "$LAB/1/run"
	mount -t tmpfs -o size=128k,mode=700 conclave-test "$LAB/1/run" || skip "nothing can be mounted here"
	mounted=$LAB/1/run
	lab_start 1
	lab_wait_leader
	lab_until "the status file is there" test -s "$LAB/1/run/conclaved/status.json"
	! head -c 1M /dev/zero >"$LAB/1/run/filling"
	pids=$(for name in conclaved connmgr elector peer; do lab_pid 1 $name; done)
	old=$(lab_pid 1 elector)
	kill -9 "$old"
	lab_until "the elector comes back" new_process 1 elector "$old"
	lab_until "all is well" healthy 1
	jq -e . "$LAB/1/run/conclaved/status.json"
	[ "$(lab_conclave 1 status --json | jq '[.processes[].restarts] | add')" = 1 ]
	rm "$LAB/1/run/filling"
	lab_wait_leader
}
