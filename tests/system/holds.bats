#!/usr/bin/env bats
# Holds at the peer's door: the lease that they ask for and its page, how they end, and how leadership
# is handed over with them. docs/LEASE.md has the rules.

load lab

calm='supervisor = { watchdog_ms = 60000; hold_stop_ms = 120000; };'

setup() {
	declare -gA to=()
	holders=()
	stopped=()
	cgroup=
}

teardown() {
	local pid
	[ ${#stopped[@]} = 0 ] || kill -CONT "${stopped[@]}" 2>/dev/null || true
	for pid in "${holders[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	[ -z "$cgroup" ] || end_cgroup
	lab_down
}

# hold ID KEY [COMMAND…]: KEY holds at that server; COMMAND runs the holder, as another user say. What
# it is told is in $LAB/said.KEY. KILL: the cgroup.kill that it passes.
hold() {
	local id=$1 key=$2 fd
	mkfifo "$LAB/to.$key"
	"${@:3}" /usr/bin/python3 "${HOLDER:-$BATS_TEST_DIRNAME/holder.py}" "$LAB/$id/run/peer/door" "$key" ${KILL:+"$KILL"} \
		<"$LAB/to.$key" >"$LAB/said.$key" 2>>"$LAB/holders" 3>&- {LAB_LOCK}>&- &
	holders+=($!)
	exec {fd}>"$LAB/to.$key"
	to[$key]=$fd
	lab_until "$key is answered" test -s "$LAB/said.$key"
}

# says KEY PATTERN: the door has said so
says() {
	grep -qE "$2" "$LAB/said.$1"
}

tell() {
	echo "$2" >&"${to[$1]}"
}

# let_go KEY: by word
let_go() {
	local before
	before=$(grep -cF '{"ok":true}' "$LAB/said.$1" || true)
	tell "$1" "let go"
	lab_until "$1 has let go" has_more "$1" '{"ok":true}' "$before"
}

has_more() {
	[ "$(grep -cF "$2" "$LAB/said.$1")" -gt "$3" ]
}

# page KEY FILTER: what it reads in its page now, through jq
page() {
	local before
	before=$(grep -cF '{"page":' "$LAB/said.$1" || true)
	tell "$1" page
	lab_until "$1 reads its page" has_more "$1" '{"page":' "$before"
	grep -F '{"page":' "$LAB/said.$1" | tail -n 1 | jq -e ".page | $2"
}

leading() {
	page "$1" .leading >/dev/null
}

not_leading() {
	! leading "$1"
}

# ends_after KEY END: its page has a later end
ends_after() {
	page "$1" ".end_ns > $2" >/dev/null
}

# ask ID REQUEST: the answer of the peer's door
ask() {
	"$CONCLAVE_BIN/../tests/fakeworker" ask "$LAB/$1/run/peer/door" "$2" 3>&- {LAB_LOCK}>&-
}

# asks ID REQUEST: in the background; the answer is in $LAB/answer
asks() {
	ask "$1" "$2" >"$LAB/answer" 2>&1 &
}

answered() {
	[ -s "$LAB/answer" ]
}

now_ns() {
	python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_BOOTTIME))'
}

epoch() {
	lab_conclave "$1" status --json | jq .epoch
}

# leads_elsewhere ID IDS…: another of them leads
leads_elsewhere() {
	local leader
	leader=$(lab_one_leader "${@:2}") && [ "$leader" != "$1" ]
}

# Three servers; the leader is in $leader, another in $other.
three() {
	lab_up 3 "$calm ${1:-}"
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
}

@test "a hold asks for a lease, which is renewed, and ends when it is let go" {
	three
	run -0 ask "$leader" confirm
	[ "$(jq -r .leads <<<"$output")" = true ]
	run -0 ask "$other" confirm
	[ "$(jq -r .leads <<<"$output")" = false ]
	hold "$leader" job
	says job '"ok":true.*"incarnation":"[0-9a-f]{16}","boot":"[0-9a-f]{32}","page_len":4096,"lease_ms":2400}'
	run ! says job page_can_be_written
	lab_until "there is a lease" leading job
	run -0 page job ".sid == $leader and .epoch == $(epoch "$leader")"
	end=$(page job .end_ns)
	lab_until "it is renewed" ends_after job "$end"
	hold "$leader" second
	lab_until "the second has it, too" leading second
	let_go job
	end=$(page second .end_ns)
	lab_until "one is enough" ends_after second "$end"
	let_go second
	lab_until "nobody renews it" not_leading second
	# at another server it is a hold, but no lease
	hold "$other" follower
	says follower '"ok":true'
	not_leading follower
	let_go follower
	run -0 lab_wait_leader
	[ "$output" = "$leader" ]
}

@test "a step-down waits for who holds, and asks them" {
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	asks "$leader" step-down
	lab_until "it is asked" says job '^\{"stop":"step-down","grace":true\}$'
	end=$(page job .end_ns)
	lab_until "it keeps the lease meanwhile" ends_after job "$end"
	run ! answered
	lab_conclave "$leader" health --json |
		jq -e '.verdict == "healthy" and any(.notes[]; test("hands its leadership over, and waits up to [0-9]+ ms for hold 1 \\(job\\) of process [0-9]+ to let go"))'
	hold "$leader" late
	says late '"again":true'
	let_go job
	lab_until "the answer" answered
	[ "$(<"$LAB/answer")" = '{"ok":true}' ]
	not_leading job
	lab_until "another leads" leads_elsewhere "$leader" 1 2 3
	# and this one may be held at again
	hold "$leader" next
	says next '"ok":true'
	let_go next
	run -0 ask "$leader" step-down
	[[ "$output" == *'does not lead'* ]]
}

# asked_is REASON: the leader's one hold was asked to let go for that
asked_is() {
	[ "$(ask "$leader" status | jq -r '.lease.holds | length, .[].asked' | xargs)" = "1 $1" ]
}

@test "a holder that does not read keeps its hold, and is asked when it reads" {
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	tell job watch
	lab_until "it hears events, too" says job '"event":"state"'
	tell job deaf
	for _ in {1..400}; do
		tell job status
	done
	asks "$leader" step-down
	lab_until "it was to be asked" asked_is step-down
	end=$(page job .end_ns)
	lab_until "its lease goes on" ends_after job "$end"
	run ! answered
	run ! says job '"stop"'
	tell job hear
	lab_until "it is asked" says job '^\{"stop":"step-down","grace":true\}$'
	run ! says job '"closed"'
	let_go job
	lab_until "the answer" answered
	[ "$(<"$LAB/answer")" = '{"ok":true}' ]
}

@test "who does not let go within hold_stop_ms is cut off, and its lease is outlived" {
	calm='supervisor = { watchdog_ms = 60000; hold_stop_ms = 300; };'
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	began=$(now_ns)
	asks "$leader" step-down
	lab_until "the answer" answered
	[ "$(<"$LAB/answer")" = '{"ok":true}' ]
	[ "$(now_ns)" -ge $((began + 300000000)) ]
	lab_until "it is cut off" says job '"closed"'
	says job '^\{"stop":"step-down","grace":true\}$'
	says job '^\{"stop":"lost","grace":false\}$'
	end=$(page job .end_ns)
	lab_until "another leads" leads_elsewhere "$leader" 1 2 3
	[ "$(now_ns)" -ge "$end" ]
	grep -q "(job) of process [0-9]* has not let go within hold_stop_ms" "$LAB/$leader/log"
}

@test "a transfer hands over to the server that it names" {
	three
	before=$(epoch "$leader")
	run -0 ask "$leader" "transfer 99"
	[[ "$output" == *error* ]]
	[ "$(epoch "$leader")" = "$before" ]
	run -0 ask "$leader" "transfer $other"
	[ "$output" = '{"ok":true}' ]
	lab_until "it leads" leads_elsewhere "$leader" 1 2 3
	run -0 lab_wait_leader
	[ "$output" = "$other" ]
}

@test "a hold that broke is waited for until the end of its lease" {
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	hold "$leader" watcher
	lab_until "also for the second" leading watcher
	kill -KILL "${holders[0]}"
	let_go watcher
	end=$(page watcher .end_ns)
	run -0 ask "$leader" step-down
	[ "$output" = '{"ok":true}' ]
	[ "$(now_ns)" -ge "$end" ]
	lab_until "another leads" leads_elsewhere "$leader" 1 2 3
}

@test "who holds survives the peer, and believes no page of the next one" {
	three
	before=$(epoch "$leader")
	hold "$leader" job
	lab_until "there is a lease" leading job
	peer=$(lab_pid "$leader" peer)
	kill -KILL "$peer"
	lab_until "the holder hears of it" says job '"closed":true'
	lab_until "a new peer" lab_replaced "$leader" peer "$peer"
	hold "$leader" again
	lab_until "a lease for the new hold" leading again
	not_leading job
	run -0 lab_wait_leader
	[ "$output" = "$leader" ]
	[ "$(epoch "$leader")" = "$before" ]
	let_go again
}

@test "a crash of connmgr or of the elector is none of the holders' business" {
	three
	before=$(epoch "$leader")
	hold "$leader" job
	lab_until "there is a lease" leading job
	for id in 1 2 3; do
		for worker in connmgr elector; do
			pid=$(lab_pid "$id" "$worker")
			kill -KILL "$pid"
			lab_until "a new $worker" lab_replaced "$id" "$worker" "$pid"
			lab_until "it has its lease" leading job
			end=$(page job .end_ns)
			lab_until "which is renewed" ends_after job "$end"
		done
	done
	run ! says job '"stop"'
	[ "$(epoch "$leader")" = "$before" ]
	let_go job
}

@test "a lease ends by itself though every process of ours is stopped" {
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	for id in 1 2 3; do
		mapfile -t tree < <(lab_tree "$id")
		stopped+=("${tree[@]}")
	done
	kill -STOP "${stopped[@]}"
	end=$(page job .end_ns)
	lab_until "it ends" not_leading job
	[ "$(now_ns)" -ge "$end" ]
	run -0 page job ".end_ns == $end"
	kill -CONT "${stopped[@]}"
	stopped=()
	lab_until "there is a leader again" lab_one_leader 1 2 3
}

@test "a server that stops releases its leadership first" {
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	pid=$(<"$LAB/$leader/pid")
	kill -TERM "$pid"
	lab_until "it is asked" says job '^\{"stop":"stopping","grace":true\}$'
	let_go job
	lab_until "it stops" lab_gone "$pid"
	not_leading job
	mapfile -t rest < <(seq 3 | grep -v "^$leader$")
	lab_until "another leads" lab_one_leader "${rest[@]}"
	grep -q "leadership is released: stopping" "$LAB/$leader/log"
}

@test "a server that stops waits for who holds, longer than stop_ms" {
	calm='supervisor = { watchdog_ms = 60000; stop_ms = 200; hold_stop_ms = 120000; };'
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	pid=$(<"$LAB/$leader/pid")
	began=$(now_ns)
	kill -TERM "$pid"
	lab_until "it is asked" says job '^\{"stop":"stopping","grace":true\}$'
	while [ "$(now_ns)" -lt $((began + 1000000000)) ]; do # five times stop_ms
		end=$(page job .end_ns)
		lab_until "the lease is renewed" ends_after job "$end"
	done
	run ! grep -E "killed|without a release" "$LAB/$leader/log"
	let_go job
	lab_until "it stops" lab_gone "$pid"
	grep -q "leadership is released: stopping" "$LAB/$leader/log"
}

@test "who holds for longer than hold_stop_ms is outlived" {
	calm='supervisor = { watchdog_ms = 60000; stop_ms = 5000; hold_stop_ms = 300; };'
	three
	hold "$leader" job
	lab_until "there is a lease" leading job
	pid=$(<"$LAB/$leader/pid")
	began=$(now_ns)
	kill -TERM "$pid"
	lab_until "it stops" lab_gone "$pid"
	[ "$(now_ns)" -ge $((began + 300000000)) ]
	grep -q "stopping without a release: 1 hold" "$LAB/$leader/log"
	end=$(page job .end_ns)
	mapfile -t rest < <(seq 3 | grep -v "^$leader$")
	lab_until "another leads" lab_one_leader "${rest[@]}"
	[ "$(now_ns)" -ge "$end" ]
}

@test "a command has its grace, as shipped, when the server stops" {
	calm='supervisor = { watchdog_ms = 60000; };'
	three
	cat >"$LAB/job.sh" <<-'END'
		trap 'sleep 4; date +%s%N >"$1.done"; exit 0' TERM
		: >"$1"
		while :; do sleep 0.05; done
	END
	lab_conclave "$leader" run -- bash "$LAB/job.sh" "$LAB/job" >"$LAB/runner" 2>&1 3>&- {LAB_LOCK}>&- &
	holders+=($!)
	lab_until "it runs" test -e "$LAB/job"
	pid=$(<"$LAB/$leader/pid")
	kill -TERM "$pid"
	lab_until "it stops" lab_gone "$pid"
	[ -s "$LAB/job.done" ]
	grep -q "leadership is released: stopping" "$LAB/$leader/log"
}

@test "members of hold_group may hold, others may not" {
	[ "$(id -u)" = 0 ] || skip "only root can be another user"
	lab_up 1 "hold_group = \"daemon\"; control_group = \"adm\"; $calm"
	lab_wait_leader
	chmod 755 "$LAB" "$LAB/1"
	cp "$BATS_TEST_DIRNAME/holder.py" "$CONCLAVE_BIN/../tests/fakeworker" "$LAB"
	chmod 755 "$LAB/holder.py" "$LAB/fakeworker"
	HOLDER=$LAB/holder.py
	in_group() { # in_group GROUP COMMAND…
		setpriv --reuid=65534 --regid=65534 --groups="$1" "${@:2}"
	}
	hold 1 member in_group daemon
	says member '"ok":true'
	lab_until "it has a lease" leading member
	let_go member
	hold 1 reader in_group adm
	says reader 'members of the group that hold_group names'
	run ! in_group bin /usr/bin/python3 "$HOLDER" "$LAB/1/run/peer/door" x </dev/null
	[[ "$output" == *PermissionError* ]]
	for request in "claim 7" step-down "transfer 1" refound; do
		run -0 in_group daemon "$LAB/fakeworker" ask "$LAB/1/run/peer/door" "$request"
		[[ "$output" == *"only root and the user of conclaved may ask for this"* ]]
	done
}

@test "events are published to clients of nng and nanomsg" {
	lab_make 1 "$calm"
	sed -i "1i events = \"ipc://$LAB/1/run/peer/events\";" "$LAB/1/conclave.conf"
	lab_start 1
	lab_wait_leader
	/usr/bin/python3 - "$LAB/1/run/peer/events" >"$LAB/heard" 3>&- {LAB_LOCK}>&- <<-'END' &
		import socket, struct, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(b"\0SP\0\0\x21\0\0")
		assert s.recv(8, socket.MSG_WAITALL) == b"\0SP\0\0\x20\0\0"
		while head := s.recv(9, socket.MSG_WAITALL):
		    kind, size = struct.unpack(">BQ", head)
		    print(kind, s.recv(size, socket.MSG_WAITALL).decode(), flush=True)
	END
	holders+=($!)
	lab_until "the newest comes at once" grep -q '^1 {"event":"state",.*"state":"leading"' "$LAB/heard"
	before=$(wc -l <"$LAB/heard")
	lab_until "a heartbeat, though nobody watches" has_lines "$LAB/heard" $((before + 2))
	run -0 ask 1 step-down
	lab_until "and each change" grep -q '"state":"looking"' "$LAB/heard"
}

has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

end_cgroup() {
	local dir=$cgroup
	cgroup=
	echo 1 >"$dir/cgroup.kill"
	lab_until "the cgroup is empty" empty "$dir"
	rmdir "$dir"
}

empty() {
	grep -q '^populated 0' "$1/cgroup.events"
}

@test "the peer kills what outlives its lease, though it is not root and the command is" {
	[ "$(id -u)" = 0 ] || skip "only root can be another user"
	tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	cgroup=${tree:-/nowhere}/conclave-holds-$$
	mkdir "$cgroup" 2>/dev/null && [ -f "$cgroup/cgroup.kill" ] || {
		cgroup=
		skip "no cgroup of version 2 can be made"
	}
	lab_make 3 "$calm"
	chmod 755 "$LAB"
	for id in 1 2 3; do
		mkdir -p "$LAB/$id/run" "$LAB/$id/data"
		touch "$LAB/$id/log"
		chown -R 65534:65534 "$LAB/$id"
	done
	mkdir "$LAB/as"
	printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups %s "$@"\n' \
		"$CONCLAVE_BIN/conclaved" >"$LAB/as/conclaved"
	chmod 755 "$LAB/as/conclaved"
	for id in 1 2 3; do
		CONCLAVE_BIN=$LAB/as LAB_ASK=$LAB_ASK lab_start "$id"
	done
	leader=$(lab_wait_leader)
	KILL=$cgroup/cgroup.kill hold "$leader" job
	says job '"ok":true'
	lab_until "there is a lease" leading job
	sh -c 'echo $$ >"$0/cgroup.procs"; exec sleep 1000' "$cgroup" 3>&- {LAB_LOCK}>&- &
	lab_until "the command runs" grep -q "^$!$" "$cgroup/cgroup.procs"
	# its runner stands, and the others are gone
	kill -STOP "${holders[0]}"
	stopped+=("${holders[0]}")
	run ! empty "$cgroup"
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || lab_kill "$id"
	done
	lab_until "the command is killed" empty "$cgroup"
	kill -CONT "${stopped[@]}"
	stopped=()
	lab_until "the holder is told" says job '^\{"stop":"lost","grace":false\}$'
	end_cgroup
}
