#!/usr/bin/env bats
# conclave probe: asks a real ensemble, and leaves it as it is.

load ../system/lab
load zk

LAB_DEADLINE_MS=60000 # JVMs

setup() {
	watcher=
}

teardown() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	zk_down
	lab_down
}

addresses() {
	local id
	for id in $ZK_IDS; do
		echo "127.0.0.1:$(zk_port "$id" 2)"
	done
}

# probe ARG…: of all three, without a configuration
probe() {
	# shellcheck disable=SC2046 # a list of words
	timeout 20 "$CONCLAVE_BIN/conclave" -c /nonexistent probe $(addresses) "$@" 3>&-
}

# probe_names LEADER: so does the last line of `probe --watch --json`
probe_names() {
	tail -n 1 "$LAB/watched" | jq -e --argjson leader "$1" '.leader == $leader and .quorum'
}

# What the servers logged after line $LINES_ID but for what zk_wait_leader causes and what an
# unconfigured sid, and the end of its connection, cause.
strange_lines() {
	local id lines
	for id in $ZK_IDS; do
		lines=LINES_$id
		tail -n "+$((${!lines} + 1))" "$LAB/zk$id/log" |
			grep -vE 'Processing srvr command from|Received connection request from /127|Backward compatibility mode' |
			grep -vE 'Connection broken for id [0-9]{19},|Interrupting SendWorker thread from RecvWorker. sid: [0-9]{19}' |
			grep -vE 'Send worker leaving thread id [0-9]{19}|Interrupted while waiting for message on queue' |
			grep -vE 'Invalid server id: [0-9]{19} ?$' | # we hung up before it looked for a link
			grep -vE '^java.io.EOFException$|^java.lang.InterruptedException$|^\s+at ' |
			sed "s/^/$id: /"
	done
}

@test "three servers answer a hundred times, and nothing changes there" {
	zk_make
	# shellcheck disable=SC2086 # a list of words
	zk_start $ZK_IDS
	leader=$(zk_wait_leader)
	# the third may still be on its way, with another epoch
	lab_until "all answers agree" eval "probe --json | jq -e '.quorum and ([.servers[].peer_epoch] | unique | length == 1)'"
	before=$(probe --json | jq -c '[.leader, (.servers[] | .leader, .round, .peer_epoch, .zxid)]')
	for id in $ZK_IDS; do
		declare "LINES_$id=$(wc -l <"$LAB/zk$id/log")"
	done
	least=999999 # shown, not judged: the machine may be busy
	for _ in {1..100}; do
		began=$(lab_now_ms)
		run -0 probe --json
		took=$(($(lab_now_ms) - began))
		((took >= least)) || least=$took
		jq -e --argjson leader "$leader" '.leader == $leader and .quorum and
			all(.servers[]; .error == null and .version == 2 and (.config | contains("server.8=")))' <<<"$output"
	done
	echo "# the shortest of 100: $least ms; the last: $(jq -c '[.servers[].ms]' <<<"$output")" >&3
	[ "$(probe --json | jq -c '[.leader, (.servers[] | .leader, .round, .peer_epoch, .zxid)]')" = "$before" ]
	[ "$(zk_wait_leader)" = "$leader" ]
	run strange_lines
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "--watch sees each change of leader; who looks says so" {
	zk_make
	zk_start 2
	lab_until "2 looks" eval 'probe --json | jq -e ".servers[0].state == \"looking\" and .leader == null"'
	run -2 probe
	# shellcheck disable=SC2046 # a list of words
	"$CONCLAVE_BIN/conclave" probe --watch --json $(addresses) >"$LAB/watched" 3>&- &
	watcher=$!
	zk_start 5 8
	first=$(zk_wait_leader)
	lab_until "it names $first" probe_names "$first"
	mapfile -t rest < <(printf '%s\n' $ZK_IDS | grep -vx "$first")
	zk_kill "$first"
	second=$(zk_wait_leader "${rest[@]}")
	lab_until "it names $second" probe_names "$second"
	run -0 probe
	zk_start "$first"
	zk_wait_leader
	lab_until "it names $second still" probe_names "$second"
	# never a leader that was none
	run -0 jq -r 'select(.quorum) | .leader' "$LAB/watched"
	[ "$(uniq <<<"$output")" = "$first"$'\n'"$second" ]
}
