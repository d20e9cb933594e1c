#!/usr/bin/env bats
# The conclave command: what it says, when, and with which exit status.

load lab

teardown() {
	lab_down
}

bare() { # the command without the lab's -c
	"$CONCLAVE_BIN/conclave" "$@"
}

# status_comes: and is not kept by who never answers
status_comes() {
	timeout 10 "$CONCLAVE_BIN/conclave" -c "$LAB/1/conclave.conf" status --json 3>&-
}

@test "help and version" {
	run -0 bare --help
	[[ "$output" == *" --leader|--leading|--lost|--members N [--timeout SECONDS]"$'\n'*" WORKER"$'\n'* ]]
	for verb in status leader health metrics watch wait restart claim members refound check probe import; do
		[[ "$output" == *"  $verb "* ]]
		run -0 bare "$verb" --help
		[[ "$output" == "Usage: conclave [-c FILE] $verb"* ]]
		run -0 bare --help
	done
	run -0 bare --version
	[[ "$output" =~ ^conclave\ [0-9]+\.[0-9]+ ]]
}

@test "what is written wrong is answered with what to write, and 64" {
	lab_make 1
	run -64 bare
	[[ "$output" == *--help* ]]
	run -64 bare nonsense
	[[ "$output" == *nonsense*status* ]]
	run -64 bare --nonsense status
	[[ "$output" == *--nonsense* ]]
	run -64 bare -c
	run -64 bare status -c
	run -64 lab_conclave 1 status nonsense
	[[ "$output" == *nonsense*"conclave [-c FILE] status"* ]]
	run -64 lab_conclave 1 leader nonsense
	run -64 lab_conclave 1 health nonsense
	run -64 lab_conclave 1 watch nonsense
	run -64 lab_conclave 1 wait
	[[ "$output" == *--leader* ]]
	run -64 lab_conclave 1 wait --leader --leading
	run -64 lab_conclave 1 wait --leader nonsense
	run -64 lab_conclave 1 wait --leader --timeout
	for bad in x -1 1x "" . 1e99 nan 0x10; do
		run -64 lab_conclave 1 wait --leader --timeout "$bad"
		[[ "$output" == *--timeout* ]]
	done
	run -64 lab_conclave 1 restart
	run -64 lab_conclave 1 restart a b
	run -64 lab_conclave 1 check a b
	# the first letters of an option are no option: another one may begin with them some day
	run -64 bare --vers
	run -64 lab_conclave 1 swap --und
	[[ "$output" == *--und* ]]
}

@test "options may stand anywhere, whatever POSIXLY_CORRECT says" {
	lab_make 1
	POSIXLY_CORRECT=1 run -0 bare --json check -- "$LAB/1/conclave.conf"
	POSIXLY_CORRECT=1 run -0 bare check "$LAB/1/conclave.conf" --json
	[[ "$output" == \{* ]]
}

@test "a wrong configuration: where and what, and 78, from every verb" {
	lab_make 1
	echo 'nonsense = 1;' >>"$LAB/1/conclave.conf"
	for verb in status leader health metrics watch "wait --leader" "restart peer" "claim 1" check; do
		# shellcheck disable=SC2086 # words
		run -78 lab_conclave 1 $verb
		[[ "$output" == *"conclave.conf:"*nonsense* ]]
	done
	run -78 --separate-stderr lab_conclave 1 check --json
	jq -e '.schema == 1 and .ok == false and (.error | contains("nonsense"))' <<<"$output"
	[ "$stderr" = "" ]
	run -78 bare -c "$LAB/none" status
	run -78 bare check "$LAB/none"
}

@test "a wrong file while all runs: the command asks by the copy that runs, and says so" {
	lab_up 1
	lab_wait_leader
	cp "$LAB/1/conclave.conf" "$LAB/good"
	for wrong in 'nonsense = 1;' 'id = 2;' 'timing = {' 'tick = "'; do
		{ cat "$LAB/good"; echo "$wrong"; } >"$LAB/1/conclave.conf"
		for verb in status leader health "wait --leader" claim; do
			# shellcheck disable=SC2086 # a verb with its words
			run -0 --separate-stderr lab_conclave 1 $verb
			[[ "$stderr" == "conclave: $LAB/1/conclave.conf:"*$'\n'*" their copy of the configuration: $LAB/1/run/conclaved/conclave.conf"* ]]
		done
		run -0 --separate-stderr lab_conclave 1 status --json
		[ "$(jq -c '[.schema, .id, .leader]' <<<"$output")" = '[1,1,1]' ]
		run -78 lab_conclave 1 reload
		run -78 lab_conclave 1 check
	done
	# a run_dir that a comment or a group names is not the one
	{ echo '# run_dir = "/nowhere";'; echo 'x = { run_dir = "/nowhere"; };'; cat "$LAB/good"; } >"$LAB/1/conclave.conf"
	run -0 lab_conclave 1 leader
	echo 'run_dir = 7;' >"$LAB/1/conclave.conf"
	run -78 lab_conclave 1 leader
	{ cat "$LAB/good"; echo 'nonsense = 1;'; } >"$LAB/1/conclave.conf"
	lab_stop 1
	run -78 lab_conclave 1 leader
	cp "$LAB/good" "$LAB/1/conclave.conf"
}

@test "each object of --json has schema" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	for verb in status leader health "wait --leader" "restart peer" reload "claim 5" claim check "swap --status" \
		"swap elector $CONCLAVE_BIN/conclave" "swap --undo" "probe 127.0.0.1:$((LAB_PORT + 3))" "import /nowhere" \
		"restart nobody" "wait --nonsense"; do
		# shellcheck disable=SC2086 # a verb with its words
		run --separate-stderr lab_conclave 1 $verb --json
		jq -e '.schema == 1' <<<"$output" || { echo "$verb: $output"; false; }
	done
	run bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/1/conclave.conf' watch --json 3>&- | head -n 1"
	jq -e '.schema == 1 and .event == "state"' <<<"$output"
	run bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/1/conclave.conf' health --watch --json 3>&- | head -n 1"
	jq -e '.schema == 1' <<<"$output"
}

@test "check prints the canonical form, which it reads as the same" {
	lab_make 3 'role3 = observer' # which leaves two voters, so that it warns
	run -0 --separate-stderr bare check "$LAB/1/conclave.conf"
	echo "$output" >"$LAB/canonical"
	[[ "$output" == *observer* ]]
	run -0 --separate-stderr bare check "$LAB/canonical"
	[ "$output" = "$(cat "$LAB/canonical")" ]
	run -0 --separate-stderr lab_conclave 1 check
	[ "$output" = "$(cat "$LAB/canonical")" ]
	run -0 --separate-stderr lab_conclave 1 check --json
	jq -e --rawfile want "$LAB/canonical" '.ok and (.canonical == $want)' <<<"$output"
}

@test "check --systemd where systemd does not answer: 69, and what it said, without its last line's end" {
	lab_make 1
	printf '#!/bin/sh\nprintf "no bus\\nno systemd\\n"\nexit 1\n' >"$LAB/systemctl"
	chmod +x "$LAB/systemctl"
	PATH=$LAB:$PATH run -69 lab_conclave 1 check --systemd
	[ "$output" = $'conclave: systemd does not answer: no bus\nno systemd' ]
	PATH=$LAB:$PATH run -69 lab_conclave 1 check --systemd --json
	[[ "$output" == *'"systemd does not answer: no bus\nno systemd"'* ]]
}

@test "nobody is there: 69, and state down" {
	lab_make 3
	run -69 --separate-stderr lab_conclave 2 status --json
	jq -e '.schema == 1 and .id == 2 and .state == "down" and .leader == null and .active == false
		and .voters == [1, 2, 3] and .quorum == 2 and .processes == []
		and ([.remotes[].link] == ["down", "down"])' <<<"$output"
	run -69 lab_conclave 2 status
	[[ "$output" == *conclaved* ]]
	run -69 --separate-stderr lab_conclave 2 leader
	[ "$output" = "" ]
	run -69 lab_conclave 2 health
	run -69 lab_conclave 2 restart peer
	run -64 lab_conclave 2 restart nobody
	[[ "$output" == *nobody*connmgr*elector*peer* ]]
	run -69 lab_conclave 2 wait --leader --timeout 0.2
}

# is_error STATUS VERB…: with --json it ends with that status, and one object that says why
is_error() {
	run "-$1" --separate-stderr lab_conclave 2 "${@:2}" --json
	[ "$stderr" = "" ] && [ "${#lines[@]}" = 1 ]
	jq -e '.schema == 1 and .ok == false and (.error | length > 10)' <<<"$output"
}

@test "with --json a failure is an object too" {
	lab_make 3
	is_error 69 leader
	is_error 69 restart peer
	is_error 69 reload
	is_error 69 claim
	is_error 69 claim 7
	is_error 69 swap --status
	is_error 69 swap --undo
	is_error 69 swap elector /bin/true
	is_error 69 wait --leader --timeout 0.1
	is_error 1 swap elector no/such/file
	is_error 64 swap --undo --force
	is_error 64 leader please
	echo 'id = ;' >"$LAB/2/conclave.conf"
	is_error 78 status
}

@test "who may not ask is told so, and nothing else" {
	[ "$(id -u)" = 0 ] || skip "only root can be another user"
	lab_make 3
	chmod 755 "$LAB" "$LAB/2"
	mkdir -p "$LAB/2/run"
	chmod 700 "$LAB/2/run"
	as_another() { # its programs may be where only we may look
		setpriv --reuid=65534 --regid=65534 --clear-groups "$BATS_TEST_TMPDIR/conclave" \
			-c "$LAB/2/conclave.conf" "$@"
	}
	cp "$CONCLAVE_BIN/conclave" "$BATS_TEST_TMPDIR"
	chmod -R o+rX "$BATS_RUN_TMPDIR" "$LAB/2/conclave.conf"
	for verb in status leader health metrics watch "wait --leader" "restart peer"; do
		# shellcheck disable=SC2086 # words
		run -69 as_another $verb
		[[ "${lines[*]}" == *"only root and the user of these processes may ask"* ]] && [ "${#lines[@]}" = 1 ]
	done
}

test_reloaded() {
	[ "$(grep -cE '(connmgr|elector|peer): (reloaded|the configuration is not reloaded)' "$LAB/1/log")" = 3 ]
}

@test "members of control_group may ask, and change nothing" {
	[ "$(id -u)" = 0 ] || skip "only root can be another user"
	lab_up 1 'control_group = "daemon"; supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	chmod 755 "$LAB" "$LAB/1"
	cp "$CONCLAVE_BIN/conclave" "$BATS_TEST_TMPDIR"
	chmod -R o+rX "$BATS_RUN_TMPDIR" "$LAB/1/conclave.conf"
	in_group() { # in_group GROUP VERB…: as a user who belongs to that group besides
		timeout 20 setpriv --reuid=65534 --regid=65534 --groups="$1" "$BATS_TEST_TMPDIR/conclave" \
			-c "$LAB/1/conclave.conf" "${@:2}"
	}
	pid=$(lab_pid 1 peer)
	for verb in status leader health metrics "wait --leader"; do
		# shellcheck disable=SC2086 # words
		run -0 in_group daemon $verb
		[ -n "$output" ] || [ "$verb" = "wait --leader" ]
	done
	run -0 --separate-stderr in_group daemon status --json
	jq -e '.leader == 1 and .silent == [] and (.processes | length == 4)' <<<"$output"
	run -0 --separate-stderr in_group daemon health --json
	jq -e '.verdict == "healthy" and ([.processes[].lag_ms] | all(. != null))' <<<"$output"
	run bash -c "setpriv --reuid=65534 --regid=65534 --groups=daemon '$BATS_TEST_TMPDIR/conclave' -c '$LAB/1/conclave.conf' watch --json 3>&- | head -n 1"
	jq -e '.state == "leading"' <<<"$output"
	for verb in "restart peer" reload "claim 7" "swap --undo" "swap elector /usr/bin/true"; do
		# shellcheck disable=SC2086 # words
		run in_group daemon $verb
		[ "$status" = 1 ]
		[[ "$output" == *"only root and the user of conclaved may ask for this"* ]]
	done
	[ "$(lab_pid 1 peer)" = "$pid" ]
	run -0 lab_conclave 1 claim
	[ "$output" = 0x0 ]
	run -69 in_group bin status
	[[ "$output" == *"members of the group that control_group names"* ]]
	# the workers, which see no /etc/group any more, read the file again
	run -0 lab_conclave 1 reload
	lab_until "all have" test_reloaded
	run ! grep "not reloaded" "$LAB/1/log"
	run -0 in_group daemon status
	lab_stop 1
	# without the key nothing is left of it
	sed -i s/control_group.*daemon..// "$LAB/1/conclave.conf"
	lab_start 1
	lab_wait_leader
	run -69 in_group daemon status
}

@test "status has every key, and they are what they should be" {
	lab_up 3
	leader=$(lab_wait_leader)
	lab_until "the links are up" lab_links_up "$leader"
	run -0 lab_conclave "$leader" status --json
	[ "${#lines[@]}" = 1 ]
	jq -e --argjson id "$leader" '
		.schema == 1 and .id == $id and .state == "leading" and .leader == $id
		and (.epoch | type == "number" and . > 0) and (.round | type == "number")
		and .active == true and (.lease_ms | type == "number")
		and .voters == [1, 2, 3] and .quorum == 2 and .phase == "broadcast"
		and .reason == "" and .degraded == "" and .silent == []
		and ([.remotes[].id] | sort) == ([1, 2, 3] - [$id])' <<<"$output"
	jq -e '.remotes | all(
		.link == "up" and .reason == "" and (.since_ms | type == "number")
		and (.state | IN("looking", "following", "leading", "observing"))
		and (.vote.zxid | test("^0x[0-9a-f]+$")) and (.vote.leader | type == "number"))' \
		<<<"$output"
	jq -e '[.processes[].name] == ["conclaved", "connmgr", "elector", "peer"]' <<<"$output"
	jq -e '.processes | all(
		(.pid | type == "number") and .state == "ready" and (.version | test("^[0-9]+[.]"))
		and (.generation | type == "number") and .restarts == 0
		and (.uptime_ms | type == "number") and (.rss_kb > 0) and (.cpu_ms >= 0)
		and (.beat_age_ms | type == "number"))' <<<"$output"
	for pid in $(jq '.processes[].pid' <<<"$output"); do
		kill -0 "$pid"
	done
	run -0 lab_conclave "$leader" status
	[[ "$output" == *"server $leader is leading"*"leader $leader"*REMOTE*PROCESS*elector* ]]
	[[ "$output" != *$'\033'* ]] # no colours in a pipe
}

lab_links_up() {
	lab_conclave "$1" status --json |
		jq -e 'all(.remotes[]; .link == "up" and .vote != null)'
}

@test "ids, rounds and epochs keep every digit" {
	lab_up 1 'id1 = 4611686018427387904L' # libconfig's suffix
	run -0 lab_conclave 1 wait --leading --timeout 20
	run -0 lab_conclave 1 status --json
	[[ "$output" == *'"id":4611686018427387904,'* ]]
	[[ "$output" == *'"leader":4611686018427387904,'* ]]
	[[ "$output" == *'"voters":[4611686018427387904]'* ]]
	run -0 lab_conclave 1 leader
	[ "$output" = 4611686018427387904 ]
	run -0 lab_conclave 1 wait --leading --json
	[[ "$output" == *'"leader":4611686018427387904,'* ]]
}

@test "leader: 0 we, 1 another, 2 nobody" {
	lab_make 3
	lab_start 1
	lab_until "server 1 looks" lab_is_state 1 looking
	run -2 --separate-stderr lab_conclave 1 leader
	[ "$output" = "" ]
	run -2 lab_conclave 1 leader --json
	jq -e '.leader == null and .active == false and .id == 1' <<<"$output"
	lab_start 2
	lab_start 3
	leader=$(lab_wait_leader)
	run -0 lab_conclave "$leader" leader
	[ "$output" = "$leader" ]
	other=$((leader % 3 + 1))
	run -1 lab_conclave "$other" leader
	[ "$output" = "$leader" ]
	run -1 lab_conclave "$other" leader --json
	jq -e --argjson leader "$leader" '.leader == $leader and .active == false' <<<"$output"
}

@test "status answers whatever hangs, and says what" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	for worker in connmgr elector peer conclaved; do
		pid=$(lab_pid 1 "$worker")
		kill -STOP "$pid"
		run -0 status_comes
		jq -e --arg w "$worker" '.silent | length == 1 and (.[0] | startswith($w))' <<<"$output"
		jq -e --arg w "$worker" --argjson pid "$pid" \
			'any(.processes[]; .name == $w and .pid == $pid)' <<<"$output"
		kill -CONT "$pid"
	done
	lab_until "all is well" lab_conclave 1 health
}

@test "a stopped worker that many have asked in vain does not keep us" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	pid=$(lab_pid 1 peer)
	kill -STOP "$pid"
	# each asker leaves a connection behind that nobody takes
	python3 - "$LAB/1/run/peer/door" 3>&- <<-'END'
		import socket, sys
		try:
		    for _ in range(5000):
		        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		        s.setblocking(False)
		        s.connect(sys.argv[1])
		        s.close()
		    sys.exit("the door takes any number")
		except BlockingIOError:
		    pass
	END
	run -0 status_comes
	jq -e '.silent | length == 1 and (.[0] | startswith("peer"))' <<<"$output"
	kill -CONT "$pid"
	lab_until "all is well" lab_conclave 1 health
}

@test "an answer that is no JSON object is a failure, said as one" {
	lab_make 1
	mkdir -m 700 -p "$LAB/1/run/conclaved"
	python3 - "$LAB/1/run/conclaved/door" 3>&- {LAB_LOCK}>&- <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.bind(sys.argv[1])
		s.listen(8)
		while True:
		    c = s.accept()[0]
		    if c.recv(4096) == b"status":
		        c.send(b"{}")
		    else:
		        c.send(b"[")
	END
	helper=$!
	lab_until "the door is there" test -S "$LAB/1/run/conclaved/door"
	run -1 lab_conclave 1 swap --undo --json
	jq -e '.ok == false and (.error | length > 0)' <<<"$output"
	run -1 lab_conclave 1 reload
	[[ "$output" == *JSON* ]]
	kill "$helper"
}

@test "without conclaved the rows come from the doors" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	before=$(lab_conclave 1 status --json | jq -c '[.processes[] | select(.name != "conclaved") | [.name, .pid, .generation]] | sort')
	pid=$(lab_pid 1 conclaved)
	kill -STOP "$pid"
	run -0 lab_conclave 1 status --json
	kill -CONT "$pid"
	after=$(jq -c '[.processes[] | select(.name != "conclaved") | [.name, .pid, .generation]] | sort' <<<"$output")
	[ "$before" = "$after" ]
	jq -e '.processes | map(select(.name != "conclaved")) | all(.state == "ready" and .rss_kb > 0
		and .restarts == null)' <<<"$output"
}

@test "wait: for a server that is not started yet" {
	lab_make 1
	lab_conclave 1 wait --leader >"$LAB/said" 2>&1 {LAB_LOCK}>&- &
	waiting=$!
	lab_conclave 1 wait --leading --timeout 30 --json >"$LAB/said-json" {LAB_LOCK}>&- &
	waiting_json=$!
	lab_start 1
	wait "$waiting"
	wait "$waiting_json"
	[ ! -s "$LAB/said" ]
	jq -e '.event == "state" and .active and .leader == 1' "$LAB/said-json"
}

@test "wait: 2 when the time is over" {
	lab_up 3
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	run -0 lab_conclave "$other" wait --leader --timeout 5
	run -0 lab_conclave "$leader" wait --leading --timeout 5
	run -2 lab_conclave "$other" wait --leading --timeout 0.3
	run -2 lab_conclave "$other" wait --leading --timeout 0
	run -0 lab_conclave "$other" wait --leader --timeout 0
}

@test "watch survives the peer: down, then what its successor says" {
	lab_up 1
	lab_wait_leader
	"$CONCLAVE_BIN/conclave" -c "$LAB/1/conclave.conf" watch >"$LAB/watched" 3>&- {LAB_LOCK}>&- &
	watching=$!
	lab_until "watch says leading" grep -q ' leading ' "$LAB/watched"
	old=$(lab_pid 1 peer)
	kill -9 "$old"
	lab_until "watch says down" grep -q ' down ' "$LAB/watched"
	lab_until "watch says leading again" lab_last_is "$LAB/watched" leading
	kill "$watching"
	grep -E '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}  leading    leader 1 ' "$LAB/watched"
	jq -es '[.[].state] | index("down") != null and (.[-1] == "leading")' "$LAB/1/events"
	jq -es 'all(.event == "state" and (.at_us > 0) and .id == 1)' "$LAB/1/events"
}

lab_last_is() {
	tail -n 1 "$1" | grep -q " $2 "
}

@test "watch ends when nobody reads it" {
	lab_up 1
	lab_wait_leader
	run -0 bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/1/conclave.conf' watch --json 3>&- | head -n 1"
	jq -e .event <<<"$output"
}

@test "restart: the new pid; the names of the workers; no conclaved" {
	lab_up 1
	lab_wait_leader
	for worker in elector peer connmgr; do
		old=$(lab_pid 1 "$worker")
		run -0 lab_conclave 1 restart "$worker"
		[ "$output" != "$old" ]
		lab_until "a new $worker" lab_replaced 1 "$worker" "$old"
		[ "$(lab_pid 1 "$worker")" = "$output" ]
	done
	run -0 lab_conclave 1 restart peer --json
	jq -e '.ok and (.pid | type == "number")' <<<"$output"
	run -64 lab_conclave 1 restart nobody
	[[ "$output" == *nobody*connmgr*elector*peer* ]]
	run -64 lab_conclave 1 restart conclaved
	lab_wait_leader
	pid=$(lab_pid 1 conclaved)
	kill -9 "$pid"
	lab_until "conclaved is gone" lab_gone "$pid"
	run -69 lab_conclave 1 restart peer
}
