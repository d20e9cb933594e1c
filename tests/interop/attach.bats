#!/usr/bin/env bats
# attach = "zookeeper": our server observes a real ensemble, and leaves it as it is.

load ../system/lab
load zk

# shellcheck disable=SC2034 # of lab.bash
LAB_DEADLINE_MS=60000 # JVMs

teardown() {
	zk_down
	lab_down
}

# The questions that our elector has asked so far.
asked() {
	python3 - "$LAB/6/run/elector-main/door" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(sys.argv[1])
		s.send(b'status')
		print(json.loads(s.recv(1 << 20))['counters']['frames_out'])
	END
}

# has_asked N
has_asked() {
	[ "$(asked)" -ge "$1" ]
}

others() {
	# shellcheck disable=SC2086 # a list of words
	printf '%s\n' $ZK_IDS | grep -vx "$1"
}

@test "it sees each change of leader: killed, back, all of them restarted" {
	zk_make
	lab_start 6
	lab_until "our server looks" lab_is_state 6 looking
	zk_start 2 5 8
	first=$(zk_wait_leader)
	zk_wait_named "$first"
	run -1 lab_conclave 6 leader
	[ "$output" = "$first" ]

	mapfile -t rest < <(others "$first")
	zk_kill "$first"
	second=$(zk_wait_leader "${rest[@]}")
	[ "$second" != "$first" ]
	zk_wait_named "$second"

	zk_start "$first"
	[ "$(zk_wait_leader)" = "$second" ]
	zk_wait_named "$second"

	# without a quorum the leader gives up by itself, and its link to us stays
	mapfile -t rest < <(others "$second")
	zk_kill "${rest[@]}"
	lab_until "our server looks" lab_is_state 6 looking
	run -2 lab_conclave 6 leader
	zk_start "${rest[@]}"
	third=$(zk_wait_leader)
	zk_wait_named "$third"

	# shellcheck disable=SC2086 # a list of words
	zk_kill $ZK_IDS
	lab_until "our server looks" lab_is_state 6 looking
	# shellcheck disable=SC2086
	zk_start $ZK_IDS
	zk_wait_named "$(zk_wait_leader)"
}

@test "a leader that hangs is named no more once the others have another" {
	zk_make
	zk_start 2 5 8
	lab_start 6
	first=$(zk_wait_leader)
	zk_wait_named "$first"
	mapfile -t rest < <(others "$first")
	kill -STOP "$(cat "$LAB/zk$first/pid")"
	second=$(zk_wait_leader "${rest[@]}")
	zk_wait_named "$second"
	kill -CONT "$(cat "$LAB/zk$first/pid")"
	[ "$(zk_wait_leader)" = "$second" ]
	zk_wait_named "$second"
}

# The epoch of the ensemble, as that server has it on its disk.
epoch_of() {
	cat "$LAB/zk$1/data/version-2/currentEpoch"
}

has_epoch() {
	[ "$(lab_conclave 6 status --json | jq .epoch)" = "$1" ]
}

# What the servers logged after line $LINES_ID, but for the beginning of each connection, which any
# sid causes there, and our own questions about the mode.
strange_lines() {
	local id lines
	for id in $ZK_IDS; do
		lines=LINES_$id
		tail -n "+$((${!lines} + 1))" "$LAB/zk$id/log" |
			grep -vE 'Received connection request from /127|Processing srvr command from' |
			sed "s/^/$id: /"
	done
}

@test "it disturbs nothing: no election, no other round, no word in their logs" {
	zk_make
	zk_start 2 5 8
	leader=$(zk_wait_leader)
	lab_start 6
	zk_wait_named "$leader"
	lab_until "it asks" has_asked 12 # the servers have come to rest meanwhile
	lab_stop 6
	for id in $ZK_IDS; do
		lab_until "ZooKeeper $id sees its end" grep -q 'Send worker leaving thread id 6' "$LAB/zk$id/log"
		declare "LINES_$id=$(wc -l <"$LAB/zk$id/log")"
	done
	lab_start 6
	zk_wait_named "$leader"
	lab_until "it knows the new epoch" has_epoch "$(epoch_of "$leader")"
	before=$(lab_conclave 6 status --json | jq -c '[.leader, .round, .epoch]')
	count=$(asked)
	# each of the three every second; a worker that is replaced asks as quietly
	lab_until "it asks on" has_asked $((count + 15))
	pid=$(lab_pid 6 elector)
	lab_conclave 6 restart elector
	lab_until "another elector" lab_replaced 6 elector "$pid"
	lab_until "it asks too" has_asked 12
	zk_wait_named "$leader"
	[ "$(lab_conclave 6 status --json | jq -c '[.leader, .round, .epoch]')" = "$before" ]
	[ "$(zk_wait_leader)" = "$leader" ]
	run strange_lines
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "as an observer that the ensemble knows it does the same" {
	zk_make known
	zk_start 2 5 8
	lab_start 6
	first=$(zk_wait_leader)
	zk_wait_named "$first"
	mapfile -t rest < <(others "$first")
	zk_kill "$first"
	second=$(zk_wait_leader "${rest[@]}")
	zk_wait_named "$second"
}

@test "a voter is refused, with file, line, reason and what to write" {
	zk_make
	sed -i 's/ role = "observer";//' "$LAB/6/conclave.conf"
	run -78 lab_conclave 6 check
	[[ "$output" == *"$LAB/6/conclave.conf:9: "*participant*'role = "observer"'* ]]
	run -78 "$CONCLAVE_BIN/conclaved" -c "$LAB/6/conclave.conf"
	[[ "$output" == *'role = "observer"'* ]]
}
