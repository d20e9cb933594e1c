#!/usr/bin/env bats
# conclaved with workers that behave as each test wants (tests/fakeworker): real processes, real
# signals, every rule of supervisor/child.h.

bats_require_minimum_version 1.5.0

setup() {
	bin=${CONCLAVE_BIN:-$PWD/build/bin}
	fake=${FAKEWORKER:-$bin/../tests/fakeworker}
	dir=$(mktemp -d /tmp/conclave-sup.XXXXXX)
	mkdir -p "$dir/bin" "$dir"/run/{connmgr,elector-main,peer}
	chmod 700 "$dir/run"
	export FAKE_RUN=$dir/run
	for worker in connmgr elector peer; do
		ln -s "$(readlink -f "$fake")" "$dir/bin/conclave-$worker"
	done
	# LSan makes system calls that the filters refuse
	rights=$(grep -sqE '__(asan|tsan)_init' "$bin/conclaved" && echo off || echo on)
	daemon=
	listener=
}

teardown() {
	for pid in $daemon $listener; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	# its workers die with it, but not at once, and may still create a file
	for ((i = 0; i < 500; i++)); do
		rm -rf "$dir" 2>/dev/null && return
		sleep 0.01
	done
	rm -rf "$dir"
}

# configure [SUPERVISOR SETTINGS] [OTHER SETTINGS]
configure() {
	cat >"$dir/new.conf" <<-END
		id = 1;
		run_dir = "$dir/run";
		data_dir = "$dir/data";
		program_dir = "$dir/bin";
		rights = "$rights";
		servers = ( { id = 1; host = "127.0.0.1"; quorum_port = 28881; election_port = 38881; } );
		supervisor = { $1 };
		$2
	END
	mv "$dir/new.conf" "$dir/c.conf"
}

mode() { # WORKER MODE…
	echo "${*:2}" >"$dir/$1.mode"
}

start() {
	"$bin/conclaved" -c "$dir/c.conf" >>"$dir/out" 2>&1 3>&- &
	daemon=$!
}

ask() {
	"$fake" ask "$dir/run/conclaved/door" "$*"
}

field() { # WORKER FIELD
	jq -r --arg n "$1" ".processes[] | select(.name == \$n) | .$2" "$dir/run/conclaved/status.json"
}

until_true() { # WHAT CMD…: waits for a state, 10 s at most
	local what=$1 i
	shift
	for ((i = 0; i < 200; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	echo "waited in vain: $what"
	cat "$dir/out" "$dir/run/conclaved/status.json"
	return 1
} 2>/dev/null

is() { # WORKER FIELD VALUE
	[ "$(field "$1" "$2")" = "$3" ]
}

least() { # WORKER FIELD VALUE
	[ "$(field "$1" "$2")" -ge "$3" ] 2>/dev/null
}

replaced() { # WORKER OLD-PID
	is "$1" state ready && ! is "$1" pid "$2"
}

gone() { # PID: has ended; a zombie has: it is reaped when its successor has been started
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${stat##*) } == [ZX]* ]]
}

logged() { # WORKER WORD COUNT
	[ "$(grep -c "^$2 " "$dir/$1.log" 2>/dev/null)" -ge "$3" ]
}

all_ready() {
	until_true "all ready" is conclaved state ready
}

pids() {
	for worker in connmgr elector peer; do
		field "$worker" pid
	done
}

# hears what systemd would, line by line in $dir/heard
listen_as_systemd() {
	python3 - "$dir" 3>&- <<-'END' &
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1] + "/systemd")
		with open(sys.argv[1] + "/heard", "w", buffering=1) as f:
		    while True:
		        f.write(s.recv(4096).decode().replace("\n", "|") + "\n")
	END
	listener=$!
	until_true "the listener" test -S "$dir/systemd"
}

# stops conclaved in order; its exit status
stop() {
	local status=0
	kill -TERM "$daemon"
	wait "$daemon" || status=$?
	daemon=
	return $status
}

@test "starts the three workers, each as a worker has to be started" {
	configure
	start
	all_ready
	for worker in connmgr elector peer; do
		is "$worker" state ready
		is "$worker" restarts 0
		is "$worker" version 9.8
		is "$worker" status "$worker \"works\""
		is "$worker" reason ""
		least "$worker" rss_kb 100
		[ "$(field "$worker" ready_us)" -ge "$(field "$worker" started_us)" ]
		read -r -d '' want <<-END || true
			descriptors=0
			signals=0
			pgrp=1
			WATCHDOG_USEC=2000000
			WATCHDOG_PID=-
			CONCLAVE_PARENT=$daemon
			LISTEN_FDS=-
			arg1=-c
			arg2=$dir/run/conclaved/conclave.conf
			arg3=--name
			arg4=main
		END
		diff <(echo "$want") "$dir/$worker.env"
	done
	# compared as text: the doubles of jq would hide a wrong last digit
	[ "$(grep -o '"generation":4611686018427387905,' "$dir/run/conclaved/status.json" | wc -l)" = 3 ]
	[ "$(pids | sort -u | wc -l)" = 3 ]
	is conclaved pid "$daemon"
}

@test "the door gives the same status as the file, with fresh ages" {
	configure
	start
	all_ready
	keys='[.who, .pid, .version, .generation, .active, (.processes[] | [.name, .pid, .state, .started_us])]'
	[ "$(ask status | jq -c "$keys")" = "$(jq -c "$keys" "$dir/run/conclaved/status.json")" ]
	[ "$(ask status | jq -r '[.processes[].name] | join(" ")')" = "conclaved connmgr elector peer" ]
	first=$(ask status | jq .uptime_ms)
	later() { [ "$(ask status | jq .uptime_ms)" -gt "$first" ]; }
	until_true "time goes on" later
}

@test "what the door does not know is answered with an error" {
	configure
	start
	all_ready
	for request in nonsense restart "restart " "restart nobody" "restart conclaved" \
		'restart "' "$(printf 'restart %4000s' x)"; do
		ask "$request" | jq -e '.error | length > 0'
	done
	is connmgr restarts 0
}

@test "kill -9 replaces that worker only" {
	configure
	start
	all_ready
	for worker in connmgr elector peer; do
		old=$(field "$worker" pid)
		others=$(pids | grep -v "^$old$")
		kill -9 "$old"
		until_true "a new $worker" replaced "$worker" "$old"
		[ "$(pids | grep -v "^$(field "$worker" pid)$")" = "$others" ]
		is "$worker" restarts 1
		[[ "$(field "$worker" last_death)" == *"signal 9"* ]]
		is "$worker" restarts_by.signal 1
		is "$worker" last_core false
	done
}

@test "what the workers read is written anew if somebody cleared it away" {
	configure
	start
	all_ready
	rm "$dir/run/conclaved/conclave.conf"
	old=$(field peer pid)
	kill -9 "$old"
	until_true "a new peer" replaced peer "$old"
	[ -s "$dir/run/conclaved/conclave.conf" ]
}

@test "a worker that keeps dying is failing, is tried for ever, and recovers" {
	configure "restart_min_ms = 5; restart_max_ms = 20;"
	mode peer exit 1
	start
	until_true "peer fails" is peer state failing
	until_true "and is tried on" least peer restarts 12
	is peer state failing
	[[ "$(field peer reason)" == *"status 1"* ]]
	least peer restarts_by.exit 12
	least peer failures 12
	is elector state ready
	is connmgr restarts 0
	is conclaved state starting
	mode peer ok
	all_ready
	is peer state ready
	is peer reason ""
}

@test "one that becomes ready and dies at once is failing, too" {
	configure "restart_min_ms = 5; restart_max_ms = 20;"
	mode elector flap
	start
	until_true "elector fails" is elector state failing
	is connmgr restarts 0
}

@test "a stopped worker is aborted and replaced" {
	configure "watchdog_ms = 1000; abort_ms = 200;"
	start
	all_ready
	old=$(field elector pid)
	kill -STOP "$old"
	until_true "a new elector" replaced elector "$old"
	[[ "$(field elector last_death)" == "hung, "*"signal 6"* ]]
	is elector restarts_by.hang 1
	is peer restarts 0
}

@test "a worker that hangs after READY is replaced; one that ignores SIGABRT as well" {
	configure "watchdog_ms = 1000; abort_ms = 100;"
	mode peer hang
	mode elector stubborn
	start
	all_ready
	mode peer ok
	until_true "the peer hangs" least peer restarts 1
	[[ "$(field peer last_death)" == *"signal 6"* ]]
	old=$(field elector pid)
	kill -STOP "$old"
	until_true "a new elector" replaced elector "$old"
	[[ "$(field elector last_death)" == *"signal 9"* ]]
}

@test "one that is never ready is replaced, with or without beats" {
	configure "ready_ms = 200; abort_ms = 100; restart_min_ms = 5;"
	mode elector mute
	mode peer unready
	start
	until_true "elector restarts" least elector restarts 2
	until_true "peer restarts" least peer restarts 2
	least elector restarts_by.never_ready 2
	# connmgr is replaced, since it may be the reason that no elector becomes ready
	until_true "connmgr is replaced" least connmgr restarts 1
	mode elector ok
	mode peer ok
	all_ready
}

@test "without connmgr nobody is blamed for not being ready" {
	configure "ready_ms = 1000; watchdog_ms = 1000; restart_min_ms = 50; restart_max_ms = 100;"
	mode connmgr exit 1
	mode elector unready
	start
	until_true "connmgr fails for long" least connmgr restarts 20
	is elector restarts 0
	is elector state starting
	# connmgr is ready again: now the elector is held to its time
	mode connmgr ok
	until_true "elector is replaced" least elector restarts 1
}

@test "exit status 78 is tried again after a reload, and not before" {
	configure "restart_min_ms = 5; restart_max_ms = 5;"
	mode peer exit 78
	start
	until_true "peer is stopped" is peer state stopped
	is peer pid 0
	# others die and come back meanwhile; the peer stays down
	for i in 1 2 3; do
		old=$(field elector pid)
		kill -9 "$old"
		until_true "a new elector" replaced elector "$old"
	done
	is peer restarts 0
	[ "$(grep -c start "$dir/peer.log")" = 1 ]
	# it refuses again: one try
	ask reload | jq -e .ok
	until_true "tried" logged peer start 2
	until_true "stopped" is peer state stopped
	[ "$(grep -c start "$dir/peer.log")" = 2 ]
	mode peer ok
	ask reload | jq -e .ok
	all_ready
	is peer state ready
}

@test "exit status 78 is tried again when a person says restart" {
	configure
	mode peer exit 78
	start
	until_true "peer is stopped" is peer state stopped
	ask restart peer | jq -e '.ok and .pid > 0'
	until_true "stopped again" is peer state stopped
	mode peer ok
	ask restart peer | jq -e .ok
	all_ready
}

@test "restart answers with the successor's pid, and counts as no failure" {
	configure "restart_min_ms = 5000;"
	start
	all_ready
	for i in 1 2 3; do
		old=$(field elector pid)
		new=$(ask restart elector | jq .pid)
		[ "$new" != "$old" ]
		gone "$old"
		until_true "the new one is ready" replaced elector "$old"
		is elector pid "$new"
	done
	is elector restarts 3
	is elector restarts_by.asked 3
	logged elector term 3
	is peer restarts 0
}

@test "restart of a worker that ignores SIGTERM takes stop_ms" {
	configure "stop_ms = 200;"
	mode peer stubborn
	start
	all_ready
	old=$(field peer pid)
	new=$(ask restart peer | jq .pid)
	[ "$new" != "$old" ] && [ "$new" -gt 0 ]
	gone "$old"
	logged peer term 1
}

@test "restart cuts a long wait short" {
	configure "restart_min_ms = 60000; restart_max_ms = 60000;"
	mode peer exit 3
	start
	until_true "peer waits" is peer state waiting
	[[ "$(field peer reason)" == *"60000 ms"* ]]
	[ "$(ask status | jq '.processes[] | select(.name == "peer") | .delay_ms')" -gt 1000 ]
	mode peer ok
	ask restart peer | jq -e .ok
	all_ready
}

@test "a program that is not there is tried again, and said" {
	configure "restart_min_ms = 5; restart_max_ms = 20;"
	mv "$dir/bin/conclave-peer" "$dir/away"
	start
	until_true "peer fails" is peer state failing
	is peer pid 0
	least peer restarts_by.spawn 5
	ask status | jq -e --arg path "$dir/bin/conclave-peer" \
		'any(.processes[]; .name == "peer" and (.reason | startswith($path + " cannot be started: No such file")))'
	is elector state ready
	ask restart peer | jq -e '.error | test("peer")'
	mv "$dir/away" "$dir/bin/conclave-peer"
	all_ready
}

@test "reload takes over all of a file, with other members if the version is another, or nothing" {
	local copy=$dir/run/conclaved/conclave.conf
	local two='{ id = 1; host = "127.0.0.1"; quorum_port = 28881; election_port = 38881; }, { id = 2; host = "127.0.0.1"; quorum_port = 28882; election_port = 38882; }'
	members() { # VERSION LIST [MORE]
		configure "" "version = $1; $3"
		sed -i "s/servers = .*/servers = ( $2 );/" "$dir/c.conf"
	}
	configure
	start
	all_ready
	members 1 "$two" 'log_level = "debug";'
	ask reload | jq -e '.error | test("c.conf:[0-9]+: server 2 is new, and version 1 runs.*; write version = 2;")'
	run ! grep -E 'debug|38882|version' "$copy"
	members 2 "$two" 'log_level = "debug";'
	ask reload | jq -e '.ok and .taken == ["version", "servers", "log_level"]'
	for worker in connmgr elector peer; do
		until_true "$worker was told" logged "$worker" hup 1
	done
	grep -q debug "$copy" && grep -q 38882 "$copy" && grep -q 'version = 2;' "$copy"
	# the next file is held against the one that was taken
	members 2 "${two/role/}" 'log_level = "debug";'
	ask reload | jq -e '.ok and .taken == []'
	members 2 "${two/38882/38883}"
	ask reload | jq -e '.ok and .taken == ["servers", "log_level"]'
	members 2 "${two/38881/38880}"
	ask reload | jq -e '.error | test("election_port of server 1, this one,.*; restart")'
	members 3 "${two#*\}, }"
	ask reload | jq -e '.ok and .taken == ["version", "servers"]'
	# a worker that is started now reads what was taken, though the file is wrong by then
	echo 'id = ' >"$dir/c.conf"
	kill -9 "$(field connmgr pid)"
	until_true "connmgr is back" is connmgr restarts 1
	all_ready
	run ! grep 38881 "$copy"
}

@test "reload takes log_level over, passes it on, and refuses the rest by name" {
	configure
	start
	all_ready
	configure "" 'log_level = "debug";'
	ask reload | jq -e '.ok and .taken == ["log_level"]'
	for worker in connmgr elector peer; do
		until_true "$worker was told" logged "$worker" hup 1
	done
	ask reload | jq -e '.ok and .taken == []'
	configure "" 'log_level = "debug"; timing = { tick_ms = 70; };'
	ask reload | jq -e '.error | test("c.conf:[0-9]+: timing.tick_ms differs")'
	echo 'id = ' >"$dir/c.conf"
	ask reload | jq -e '.error | test("c.conf:")'
	# the workers were not restarted
	for worker in connmgr elector peer; do
		is "$worker" restarts 0
	done
	configure
	kill -HUP "$daemon"
	until_true "by signal, too" logged connmgr hup 3
	stop
}

when_stopped() { # WORKER: microseconds
	sed -n 's/^term [0-9]* //p' "$dir/$1.log" | tail -n 1
}

@test "SIGTERM stops all in order, connmgr last, and leaves nothing" {
	configure
	start
	all_ready
	old=$(pids)
	[ -S "$dir/run/conclaved/door" ] && [ -S "$dir/run/conclaved/notify" ]
	stop
	for pid in $old; do
		gone "$pid"
	done
	for worker in connmgr elector peer; do
		logged "$worker" term 1
	done
	(($(when_stopped connmgr) > $(when_stopped peer)))
	(($(when_stopped connmgr) > $(when_stopped elector)))
	[ -z "$(find "$dir/run" -type s)" ]
	[ ! -e "$dir/run/conclaved/status.json" ]
}

@test "SIGINT stops in order, too" {
	configure
	# a background job of a script ignores SIGINT; conclaved must handle it all the same
	start
	all_ready
	kill -INT "$daemon"
	wait "$daemon"
	daemon=
	logged connmgr term 1
}

@test "a stop kills who does not end, and sweeps what they left" {
	configure "stop_ms = 200;"
	mode connmgr stubborn
	mode peer stubborn
	start
	all_ready
	old=$(pids)
	kill -STOP "$(field elector pid)"
	[ -S "$dir/run/connmgr/door" ] && [ -S "$dir/run/peer/door" ]
	touch "$dir/run/connmgr/record"
	stop
	for pid in $old; do
		gone "$pid"
	done
	[ -z "$(find "$dir/run" -type s)" ]
	[ -e "$dir/run/connmgr/record" ]
}

@test "a stop while workers wait, fail and are refused" {
	configure "restart_min_ms = 60000; restart_max_ms = 60000;"
	mode connmgr exit 3
	mode elector exit 78
	mode peer mute
	start
	until_true "connmgr waits" is connmgr state waiting
	until_true "elector stopped" is elector state stopped
	stop
	[ -z "$(find "$dir/run" -type s)" ]
}

@test "a second conclaved is kept out and the first goes on" {
	configure
	start
	all_ready
	run -1 "$bin/conclaved" -c "$dir/c.conf"
	[[ "$output" == *"$daemon"* ]]
	ask status | jq -e '.processes[0].state == "ready"'
	is connmgr restarts 0
	stop
	start
	all_ready
}

@test "a wrong configuration ends it with 78, before anything is touched" {
	run -78 "$bin/conclaved" -c "$dir/none.conf"
	[[ "$output" == *none.conf* ]]
	echo 'id = ' >"$dir/c.conf"
	run -78 "$bin/conclaved" -c "$dir/c.conf"
	[[ "$output" == *c.conf:* ]]
	[ ! -e "$dir/run/conclaved" ]
	run -64 "$bin/conclaved" --nonsense
	run -0 "$bin/conclaved" --version
}

@test "a folder that cannot be used ends it with 73" {
	configure
	rm -r "$dir/run"
	touch "$dir/run"
	run -73 "$bin/conclaved" -c "$dir/c.conf"
	[[ "$output" == *"$dir/run"* ]]
	rm "$dir/run"
	mkdir "$dir/run"
	chmod 777 "$dir/run" # others may write there
	run -73 "$bin/conclaved" -c "$dir/c.conf"
	chmod 700 "$dir/run"
	rm -rf "$dir/data"
	touch "$dir/data"
	run -73 "$bin/conclaved" -c "$dir/c.conf"
	[[ "$output" == *"$dir/data"* ]]
}

@test "conclaved killed -9 takes its workers with it, and starts again" {
	configure
	start
	all_ready
	old=$(pids)
	kill -9 "$daemon"
	wait "$daemon" || true
	for pid in $old; do
		until_true "$pid is gone" gone "$pid"
	done
	start
	new() { is conclaved pid "$daemon" && is conclaved state ready; }
	until_true "a new one" new
}

@test "nobody but the child itself can say that it is ready" {
	configure "ready_ms = 60000;"
	mode peer forge
	start
	until_true "it was forged" logged peer forged 1
	until_true "the others are ready" is elector state ready
	is peer state starting
	ask status | jq -e '.drops.notices_of_strangers == 1'
	is conclaved state starting
}

@test "a path that is too long for the list of programs is refused, and not cut" {
	configure
	start
	all_ready
	long=$(printf '/%.0s' {1..1100})
	[ "$(ask "swap 0 force $long$fake")" = '{"error":"the path of the program is too long"}' ]
}

@test "what a worker asks for with its last words is refused, too" {
	configure "restart_min_ms = 50"
	mode elector will
	start
	until_true "it has asked" logged elector asked 3
	grep -q "pid $(awk '/^asked/ { print $2; exit }' "$dir/elector.log") may not ask for restart" "$dir/out"
	grep -c '^start' "$dir/peer.log" | grep -qx 1
}

@test "malformed notifications are counted and harm nobody" {
	configure
	mode peer noise
	start
	all_ready
	ask status | jq -e '.drops.notices_malformed == 3'
	"$bin/conclave" -c "$dir/c.conf" health --json >"$dir/health" || true
	jq -e '.processes[] | select(.name == "peer").restarts == 0' "$dir/health"
	[ "$(ls "/proc/$daemon/fd" | wc -l)" -lt 24 ]
	is peer restarts 0
}

@test "readiness is passed on when all are ready, and sickness as STATUS" {
	configure "restart_min_ms = 5; restart_max_ms = 20;"
	mode peer exit 1
	listen_as_systemd
	NOTIFY_SOCKET=$dir/systemd WATCHDOG_USEC=400000 start
	until_true "peer fails" is peer state failing
	until_true "said" grep -q 'STATUS=.*peer' "$dir/heard"
	until_true "beats" grep -q 'WATCHDOG=1' "$dir/heard"
	run -1 grep -q 'READY=1' "$dir/heard"
	mode peer ok
	until_true "ready" grep -q 'READY=1|STATUS=all ready' "$dir/heard"
	# the worker's own watchdog is conclaved's, not systemd's
	grep -qx WATCHDOG_USEC=2000000 "$dir/peer.env"
	mode elector exit 1
	kill -9 "$(field elector pid)"
	until_true "said" grep -q 'STATUS=.*elector' "$dir/heard"
	is conclaved state ready
	[ "$(grep -c READY=1 "$dir/heard")" = 1 ]
	stop
	until_true "stopping" grep -q STOPPING=1 "$dir/heard"
}

@test "no worker but connmgr has a listening socket given up" {
	configure
	listen_as_systemd
	mode elector drop
	mode peer drop
	NOTIFY_SOCKET=$dir/systemd start
	until_true "ready" grep -q 'READY=1' "$dir/heard"
	run -1 grep FDSTOREREMOVE "$dir/heard"
	mode connmgr drop
	ask restart connmgr
	until_true "connmgr may" grep -q 'FDSTOREREMOVE=1|FDNAME=listen-127.0.0.1-28881' "$dir/heard"
}

@test "what a person must mend ends a start that somebody waits for, with the reason" {
	configure
	listen_as_systemd
	for status in 73 78; do
		mode peer exit $status
		run -$status env NOTIFY_SOCKET="$dir/systemd" timeout 30 "$bin/conclaved" -c "$dir/c.conf"
		[[ "$output" == *"peer cannot start: peer gives up"* ]]
		until_true "said" grep -q 'STATUS=peer cannot start: peer gives up' "$dir/heard"
	done
	run -1 grep -q 'READY=1' "$dir/heard"
	# once it was ready, it goes on, and says so
	mode peer ok
	NOTIFY_SOCKET=$dir/systemd start
	until_true "ready" grep -q 'READY=1' "$dir/heard"
	mode peer exit 73
	kill -9 "$(field peer pid)"
	until_true "peer fails" is peer state failing
	is peer last_error "peer gives up"
	"$bin/conclave" -c "$dir/c.conf" health --json >"$dir/health" || true
	jq -e '.reasons | any(test("peer .*its last error: peer gives up"))' "$dir/health"
	mode peer ok
	all_ready
}

@test "a start ends though a worker is not ready: READY=1 comes, and STATUS says who is sick" {
	configure "restart_min_ms = 5; restart_max_ms = 50;"
	mode peer exit 1
	listen_as_systemd
	NOTIFY_SOCKET=$dir/systemd start
	for i in 1 2 3 4; do # of 10 s at most each
		until_true "ready" grep -q 'READY=1|STATUS=peer ' "$dir/heard" && break
	done
	grep -q 'READY=1|STATUS=peer ' "$dir/heard"
	is conclaved state starting
	is peer state failing
	mode peer ok
	all_ready
	[ "$(grep -c READY=1 "$dir/heard")" = 1 ]
}

@test "one whose run_dir another conclaved has by now leaves its sockets alone" {
	configure
	start
	all_ready
	first=$daemon
	kill -STOP "$first"
	rm -r "$dir/run"
	mkdir -p "$dir"/run/{connmgr,elector-main,peer}
	sed "s|$dir/data|$dir/data2|" "$dir/c.conf" >"$dir/2.conf"
	"$bin/conclaved" -c "$dir/2.conf" >>"$dir/out2" 2>&1 3>&- &
	daemon=$!
	all_ready
	kill -CONT "$first"
	until_true "the first says so" grep -q "another conclaved (pid $daemon) has locked the run_dir" "$dir/out"
	kill -TERM "$first"
	wait "$first"
	for path in conclaved/door conclaved/notify peer/door connmgr/door; do
		test -S "$dir/run/$path"
	done
	[ "$(field conclaved pid)" = "$daemon" ]
	ask status | jq -e '[.processes[] | select(.state == "ready")] | length == 4'
	old=$(field peer pid)
	kill -9 "$old"
	until_true "a new peer" replaced peer "$old"
}

@test "it reaps its children and only holds what it needs" {
	configure "restart_min_ms = 1; restart_max_ms = 1; restart_reset_ms = 1;"
	start
	all_ready
	before=$(ls "/proc/$daemon/fd" | wc -l)
	for i in {1..20}; do
		old=$(field peer pid)
		kill -9 "$old"
		until_true "a new peer" replaced peer "$old"
	done
	[ "$(ls "/proc/$daemon/fd" | wc -l)" = "$before" ]
	[ -z "$(ps -o stat= --ppid "$daemon" | grep Z)" ]
	[ "$(ls "/proc/$daemon/task" | wc -l)" = 1 ]
	[ "$(ldd "$bin/conclaved" | grep -c libnng)" = 0 ]
}
