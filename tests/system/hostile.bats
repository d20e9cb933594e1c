#!/usr/bin/env bats
# Strangers at the ports, silent or loud, and remotes that are not what they should be.

load lab
load lab_odd

setup() {
	helpers=()
}

teardown() {
	for pid in "${helpers[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	lab_down
}

# stranger WORD ARGS…: one that stays (silent, hold, deaf); returns when it has said WORD
stranger() {
	local word=$1 out
	shift
	out=$BATS_TEST_TMPDIR/stranger.$RANDOM
	: >"$out"
	"$BATS_TEST_DIRNAME/stranger.py" "$@" </dev/null >"$out" 3>&- &
	helpers+=("$!")
	lab_until "the stranger says $word" grep -q "$word" "$out"
}

@test "everything malformed, thrown at both ports, changes nothing" {
	lab_up 3
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	before=$(for id in 1 2 3; do lab_conclave "$id" status --json | jq -c '[.processes[].pid]'; done)
	for id in 1 2 3; do
		run -0 "$BATS_TEST_DIRNAME/stranger.py" throw "127.0.0.1:$(lab_port "$id" election)" 1 2 3
		# one learner's name only: an impostor takes its link, and the leader keeps its quorum
		run -0 "$BATS_TEST_DIRNAME/stranger.py" throw "127.0.0.1:$(lab_port "$id" quorum)" $((leader % 3 + 1))
	done
	[ "$(for id in 1 2 3; do lab_conclave "$id" status --json | jq -c '[.processes[].pid]'; done)" = "$before" ]
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
}

@test "a stranger who asks as ZooKeeper's probe does is answered by everybody" {
	lab_up 3
	leader=$(lab_wait_leader)
	for id in 1 2 3; do
		run -0 "$BATS_TEST_DIRNAME/stranger.py" ask "127.0.0.1:$(lab_port "$id" election)"
		if [ "$id" = "$leader" ]; then
			[[ "$output" == "LEADING $leader "* ]]
		else
			[[ "$output" == "FOLLOWING $leader "* ]]
		fi
	done
}

@test "300 silent connections to each port: a server joins all the same" {
	lab_up 3
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	lab_stop "$other"
	for id in 1 2 3; do
		[ "$id" = "$other" ] && continue
		stranger open silent "127.0.0.1:$(lab_port "$id" election)" 300
		stranger open silent "127.0.0.1:$(lab_port "$id" quorum)" 300
	done
	lab_start "$other"
	lab_until "server $other follows" lab_is_state "$other" following
	[ "$(lab_wait_leader)" = "$leader" ]
}

@test "a remote whose address is dead does not delay the others" {
	lab_make 5
	stranger deaf deaf "127.0.0.1:$(lab_port 4 election)"
	for id in 1 2 3; do
		lab_start "$id"
	done
	leader=$(lab_wait_leader 1 2 3)
	[ "$leader" = 3 ]
	lab_kill "$leader"
	lab_until "no quorum, no leader" lab_is_state 1 looking
	lab_start "$leader"
	lab_wait_leader 1 2 3
}

@test "ports taken: the server says so, and comes up when they are free again" {
	lab_make 3
	stranger held hold "127.0.0.1:$(lab_port 1 election)"
	lab_start 1
	lab_start 2
	lab_until "connmgr 1 waits for its port" lab_health_says 1 waiting
	kill "${helpers[0]}"
	leader=$(lab_wait_leader 1 2)
	[ "$leader" = 2 ]
}

@test "a quorum port taken: that server follows another, though it is the freshest" {
	lab_make 3
	stranger held hold "127.0.0.1:$(lab_port 3 quorum)"
	for id in 1 2 3; do
		lab_start "$id"
	done
	[ "$(lab_wait_leader)" != 3 ]
	lab_until "server 3 follows" lab_is_state 3 following
	run -0 lab_conclave 3 status
	[[ "$output" == *"reason"*"its quorum port, $(lab_port 3 quorum), cannot be opened"* ]]
	run -0 lab_conclave 3 claim 7
	lab_conclave 1 restart peer
	lab_stop 2
	lab_start 2
	[ "$(lab_wait_leader)" != 3 ]
	kill "${helpers[0]}"
	lab_until "server 3 has its port" lab_healthy 3
	for id in 1 2; do
		lab_stop "$id"
		lab_start "$id"
	done
	[ "$(lab_wait_leader)" = 3 ]
}

lab_healthy() {
	lab_conclave "$1" health
}

@test "two servers configured with the same id: the ensemble keeps one leader at a time" {
	lab_up 3
	lab_wait_leader
	lab_twin 3
	lab_until "the twin says that its port is taken" lab_health_says 3b waiting
	# its links end those of the first: whoever is asked says so
	for id in 1 2; do
		lab_until "server $id says why its link is restless" lab_health_says "$id" "server 3 .*may have the same id"
	done
	lab_wait_leader 1 2 3
	lab_stop 3b
	lab_wait_leader
}

# links_lost ID: how often a worker of that server has lost its link
links_lost() {
	lab_door "$1" connmgr | jq -e '.counters.links_lost'
}

@test "strangers that ask without end and never read: no worker loses its link, a new leader comes" {
	lab_up 3
	leader=$(lab_wait_leader)
	before=()
	for id in 1 2 3; do
		before[id]=$(links_lost "$id")
		stranger flooding flood "127.0.0.1:$(lab_port "$id" election)" 8
	done
	lab_kill "$leader"
	second=$(lab_wait_leader)
	[ "$second" != "$leader" ]
	lab_start "$leader"
	lab_until "server $leader follows" lab_is_state "$leader" following
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || [ "$(links_lost "$id")" = "${before[id]}" ]
	done
}

refused='election: initial message refused'

# all_told COUNT: so many refusals are in the log of server 1, or in the counts of those that are not
all_told() {
	local written held
	written=$(grep "$refused" "$LAB/1/log" | grep -vc "more like this")
	held=$(grep -oE "… and [0-9]+ more like this in [^ ]* s: $refused" "$LAB/1/log" | awk '{ n += $3 } END { print n + 0 }')
	[ $((written + held)) = "$1" ]
}

@test "a flood of malformed greetings costs the log ten lines a second, and a count" {
	lab_up 1 'log_level = "debug";'
	lab_wait_leader
	since=$SECONDS
	run -0 "$BATS_TEST_DIRNAME/stranger.py" rubbish "127.0.0.1:$(lab_port 1 election)" 2000
	lab_until "each is logged or counted" all_told 2000
	# ten in any second and one with a count; SECONDS is cut
	[ "$(grep -c "$refused" "$LAB/1/log")" -le $((11 * (SECONDS - since + 2))) ]
	lab_wait_leader
}
