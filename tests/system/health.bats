#!/usr/bin/env bats
# conclave health: processes that are really sick, and whether it names the right one, for the right
# reason. What no test can bring about here is in tests/unit/test_verdict.c.

load lab

# a busy machine makes no loop late, and nobody is taken for hung
calm='supervisor = { watchdog_ms = 60000; };'

setup() {
	hands=()
}

teardown() {
	for pid in "${hands[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		lab_until "$pid has ended" lab_gone "$pid"
	done
	lab_down
}

# says ID STATUS VERDICT REASON…: its exit status and verdict, and exactly these reasons, each a
# pattern
says() {
	local id=$1 status=$2 verdict=$3 got=0 said reason i=0
	shift 3
	said=$(lab_conclave "$id" health --json) || got=$?
	[ "$got" = "$status" ] || return 1
	[ "$(jq -r .verdict <<<"$said")" = "$verdict" ] || return 1
	[ "$(jq '.reasons | length' <<<"$said")" = $# ] || return 1
	for reason; do
		# shellcheck disable=SC2053 # a pattern
		[[ "$(jq -r ".reasons[$i]" <<<"$said")" == $reason ]] || return 1
		i=$((i + 1))
	done
}

well() {
	lab_until "server $1 is healthy" says "$1" 0 healthy
}

# shown STATUS [OPTION…]: what server 1's health prints, in $said
shown() {
	local got=0
	said=$(lab_conclave 1 health "${@:2}") || got=$?
	[ "$got" = "$1" ]
}

# sick ID STATUS VERDICT REASON…
sick() {
	lab_until "server $1 says $4" says "$@" || {
		lab_conclave "$1" health --json >&2
		return 1
	}
}

# hand WORKER [OPTION…]: server 1's, without a conclaved
hand() {
	"$CONCLAVE_BIN/conclave-$1" -c "$LAB/1/conclave.conf" "${@:2}" \
		>>"$LAB/1/log" 2>&1 3>&- {LAB_LOCK}>&- &
	hands+=($!)
}

# programs: a folder of them for this lab, to be tampered with
programs() {
	mkdir "$LAB/bin"
	ln -s "$(realpath "$CONCLAVE_BIN")"/conclave-* "$LAB/bin/"
	echo "program_dir = \"$LAB/bin\";" >>"$LAB/1/conclave.conf"
}

# broken WORKER STATUS: it exits with that
broken() {
	rm "$LAB/bin/conclave-$1"
	printf '#!/bin/sh\nexit %d\n' "$2" >"$LAB/bin/conclave-$1"
	chmod 755 "$LAB/bin/conclave-$1"
}

mended() {
	ln -sf "$(realpath "$CONCLAVE_BIN")/conclave-$1" "$LAB/bin/conclave-$1"
}

@test "healthy: every row has every key" {
	lab_up 1 "$calm"
	lab_wait_leader
	lab_until "server 1 is healthy" shown 0 --json
	jq -e '.schema == 1 and .id == 1 and .verdict == "healthy" and .reasons == []
		and (.listeners | length == 2 and all(.state == "open"))
		and ([.processes[].name] == ["conclaved", "connmgr", "elector", "peer"])' <<<"$said"
	jq -e --arg bin "$(realpath "$CONCLAVE_BIN")/" '.processes | all(
		.state == "ready" and (.program | startswith($bin)) and (.version | test("^[0-9]"))
		and .rss_kb > 0 and .cpu_ms >= 0 and .threads > 0 and .descriptors > 0
		and .lag_ms >= 0 and .beat_age_ms >= 0 and has("queue") and (.drops | type == "object"))' \
		<<<"$said"
	jq -e '.processes[1:] | all(
		(.queues | length > 0 and all(.length >= 0 and .bound > 0 and .drops >= 0))
		and (.counters | type == "object") and .last_core == false and .delay_ms == 0
		and (.restarts_by | keys == ["asked", "exit", "hang", "memory", "never_ready", "signal", "spawn"]))' \
		<<<"$said"
	jq -e '.processes[2].generation > 0 and .processes[2].queue == 0' <<<"$said"
	lab_until "server 1 is healthy" shown 0
	[[ "$said" == "server 1 is healthy"*PROCESS*conclaved*connmgr*elector*peer*election*learner* ]]
	[[ "$said" != *sick:* && "$said" != *$'\033'* ]]
}

@test "a remote that is down, and no leader, are no sickness of ours" {
	lab_make 3 "$calm"
	lab_start 1
	lab_until "server 1 looks" lab_is_state 1 looking
	well 1
}

@test "a stopped process does not answer: failing if it is a worker, and nobody hangs" {
	lab_up 1 "$calm"
	lab_wait_leader
	for worker in connmgr elector peer; do
		pid=$(lab_pid 1 "$worker")
		kill -STOP "$pid"
		sick 1 2 failing "$worker (pid $pid) does not answer within 200 ms"
		lab_until "server 1 is failing" shown 2
		[[ "$said" == "server 1 is failing"*silent*"sick: $worker (pid $pid) does not answer"* ]]
		kill -CONT "$pid"
		well 1
	done
	pid=$(lab_pid 1 conclaved)
	kill -STOP "$pid"
	sick 1 1 degraded "conclaved (pid $pid) does not answer within 200 ms"
	# what is there needs no start
	run -69 lab_conclave 1 swap --status
	[[ "$output" == *"conclaved runs; to see what is wrong: conclave health"* ]]
	run -0 lab_conclave 1 status
	[[ "$output" == *"no answer from: conclaved"* ]]
	kill -CONT "$pid"
	well 1
}

@test "a worker that dies: once is no sickness, again and again is" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; restart_min_ms = 1; restart_max_ms = 1; restart_reset_ms = 600000; };'
	lab_wait_leader
	for i in 1 2 3; do
		pid=$(lab_pid 1 elector)
		kill -9 "$pid"
		lab_until "a new elector" lab_replaced 1 elector "$pid"
		[ $i != 1 ] || well 1
	done
	sick 1 1 degraded "elector (pid $(lab_pid 1 elector)) has died 3 times in a row, last: killed by signal 9 *"
	lab_conclave 1 restart elector # a person has looked at it
	well 1
}

@test "a worker that waits for its next start" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; restart_min_ms = 600000; restart_max_ms = 600000; };'
	lab_wait_leader
	for i in 1 2; do
		pid=$(lab_pid 1 peer)
		kill -9 "$pid"
		[ $i = 2 ] || lab_until "a new peer" lab_replaced 1 peer "$pid"
	done
	sick 1 2 failing "peer is waiting: killed by signal 9 *restart in 600000 ms"
	lab_conclave 1 restart peer
	well 1
}

@test "a worker that cannot start: failing; one that refuses the file: stopped" {
	lab_make 1 'supervisor = { watchdog_ms = 60000; restart_min_ms = 1; restart_max_ms = 1; };'
	programs
	broken peer 1
	lab_start 1
	sick 1 2 failing "peer * is failing: exited with status 1 *"
	broken peer 78
	sick 1 2 failing "peer is stopped: refused the configuration*"
	mended peer
	lab_conclave 1 restart peer
	well 1
}

@test "a worker that is never ready: starting, then hung" {
	lab_make 1 'supervisor = { watchdog_ms = 60000; ready_ms = 600000; abort_ms = 600000; };'
	programs
	rm "$LAB/bin/conclave-peer"
	printf '#!/bin/sh\ntrap "" ABRT\nread -r line <"%s"\n' "$LAB/fifo" >"$LAB/bin/conclave-peer"
	chmod 755 "$LAB/bin/conclave-peer"
	mkfifo "$LAB/fifo"
	lab_start 1
	sick 1 1 degraded "peer * is starting"
	lab_kill 1
	sed -i 's/ready_ms = 600000/ready_ms = 3000/' "$LAB/1/conclave.conf"
	lab_start 1
	sick 1 2 failing "peer * is hung: not ready after *"
	echo >"$LAB/fifo" # else it would be waited for
}

@test "a port that is taken" {
	lab_make 1 "$calm"
	port=$((LAB_PORT + 3))
	python3 -c "
import socket, signal
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', $port))
s.listen()
signal.pause()" 3>&- {LAB_LOCK}>&- &
	squatter=$!
	lab_until "the port is taken" port_is_taken "$port"
	lab_start 1
	sick 1 1 degraded "connmgr cannot open the election port 127.0.0.1:$port: *"
	kill "$squatter"
	well 1
}

port_is_taken() {
	(exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

@test "a record that cannot be written: connmgr is degraded, and the worker does not count" {
	lab_make 1 "$calm"
	mkdir -p "$LAB/1/run/connmgr/elector.new"
	chmod -R go= "$LAB/1/run"
	lab_start 1
	sick 1 2 failing "elector * does not count: *" "connmgr is degraded: the record of the elector cannot be written*"
	rmdir "$LAB/1/run/connmgr/elector.new"
	well 1
}

@test "a record of epochs that is damaged" {
	lab_up 1 "$calm"
	lab_wait_leader
	lab_stop 1
	echo x >"$LAB/1/data/peer/epochs"
	lab_start 1
	sick 1 2 failing "peer cannot lead: *data/peer/epochs*"
}

@test "without conclaved: the doors are asked" {
	lab_make 1 "$calm"
	run -69 --separate-stderr lab_conclave 1 health --json
	jq -e '.verdict == "failing" and .processes == []' <<<"$output"
	run -69 lab_conclave 1 health
	hand peer
	sick 1 2 failing "there is no connmgr" "there is no elector" "peer * does not count: *"
	hand connmgr
	sick 1 2 failing "there is no elector"
	hand elector
	lab_until "server 1 is healthy" shown 0 --json
	jq -e '[.processes[] | .name, .state, .restarts] ==
		["connmgr", "ready", null, "peer", "ready", null, "elector", "ready", null]' <<<"$said"
	jq -e '.processes | all(.pid > 0 and .rss_kb > 0 and .threads > 0 and .beat_age_ms >= 0)' <<<"$said"
	hand elector --name other
	lab_until "there is a shadow" shadow_is ready
	well 1
	shadow=${hands[-1]}
	kill -STOP "$shadow"
	sick 1 1 degraded "elector-shadow (pid $shadow) does not answer within 200 ms"
	jq -e '.processes | all(.rss_kb > 0)' < <(lab_conclave 1 health --json)
	kill -CONT "$shadow"
	well 1
	# the elector that counts is gone for good: the shadow has another name
	kill -9 "${hands[2]}"
	lab_until "it has ended" lab_gone "${hands[2]}"
	sick 1 2 failing "elector (pid $shadow) does not count: connmgr has not made it active"
}

shadow_is() {
	lab_conclave 1 health --json |
		jq -e --arg state "$1" 'any(.processes[]; .name == "elector-shadow" and .state == $state)'
}

@test "conclaved has died, and what runs has nobody to restart it" {
	lab_up 1 "$calm"
	lab_wait_leader
	lab_kill 1
	hand connmgr
	hand elector
	hand peer
	sick 1 1 degraded "conclaved has died: nobody restarts the other processes"
}

@test "a loop that was late is said for a minute" {
	lab_make 1 'supervisor = { watchdog_ms = 1000; };' # more than half of it is late
	hand connmgr
	hand elector
	hand peer
	lab_until "server 1 leads" lab_is_state 1 leading
	kill -STOP "${hands[2]}"
	for _ in {1..9}; do # 200 ms each: past the moment in each second at which it looks
		run -2 lab_conclave 1 health
	done
	kill -CONT "${hands[2]}"
	lab_until "the peer was late" late_is peer
}

late_is() {
	lab_conclave 1 health --json | jq -e --arg name "$1" '
		any(.reasons[]; test("^the loop of \($name) \\(pid [0-9]+\\) was late by [0-9]+ ms")) and
		any(.processes[]; .name == $name and .lag_ms > 500)'
}

@test "--watch: again at each change; it ends when nobody reads" {
	lab_up 1 "$calm"
	lab_wait_leader
	well 1
	run -64 lab_conclave 1 health --wotch
	for how in "" --json; do
		# shellcheck disable=SC2086 # no word or one
		"$CONCLAVE_BIN/conclave" -c "$LAB/1/conclave.conf" health --watch $how \
			>"$LAB/watched$how" 3>&- {LAB_LOCK}>&- &
		hands+=($!)
		lab_until "it is healthy" grep -q healthy "$LAB/watched$how"
	done
	pid=$(lab_pid 1 peer)
	kill -STOP "$pid"
	for how in "" --json; do
		lab_until "it says who is silent" grep -q "peer (pid $pid) does not answer" "$LAB/watched$how"
	done
	kill -CONT "$pid"
	lab_until "it is healthy again" verdicts_are '["healthy","failing","healthy"]'
	[ "$(grep -c 'server 1 is healthy' "$LAB/watched")" -ge 2 ]
	run -0 bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/1/conclave.conf' health --watch --json 3>&- | head -n 1"
	jq -e '.verdict == "healthy"' <<<"$output"
}

# verdicts_are LIST: each once where it is said several times in a row
verdicts_are() {
	[ "$(jq -cs '[.[].verdict] | [. as $v | range(length) | select(. == 0 or $v[.] != $v[. - 1]) | $v[.]]' \
		"$LAB/watched--json")" = "$1" ]
}
