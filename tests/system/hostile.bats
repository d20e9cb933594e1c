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
		run -0 "$BATS_TEST_DIRNAME/stranger.py" throw "127.0.0.1:$(lab_port "$id" quorum)" 1 2 3
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
	lab_found
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
	lab_found
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
	lab_found
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

@test "a link that comes up and ends again and again is called restless, and no second server" {
	lab_make 3 'supervisor = { watchdog_ms = 60000; };'
	lab_found
	lab_start 1
	lab_start 2
	lab_wait_leader 1 2
	comes_and_goes() { # as server 3 whose connmgr dies each time, until server 1 calls the link restless
		python3 - "$(lab_port 1 election)" <<-'END'
			import socket, struct, sys
			text = b"127.0.0.1:3888"
			for i in range(10):
			    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
			        s.sendall(struct.pack(">qqi", -65536, 3, len(text)) + text)
		END
		lab_health_says 1 "the link to server 3 comes up and ends again and again"
	}
	lab_until "server 1 says so" comes_and_goes
	! lab_health_says 1 "same id" || false
}

@test "who greets with our own id from elsewhere is said to be a second server" {
	lab_up 1
	lab_wait_leader
	python3 - "$(lab_port 1 election)" <<-'END'
		import socket, struct, sys
		with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10, ("127.0.0.2", 0)) as s:
		    text = b"127.0.0.2:3888"
		    s.sendall(struct.pack(">qqi", -65536, 1, len(text)) + text)
		    s.recv(1)
	END
	lab_until "health says so" lab_health_says 1 "the server at 127.0.0.2:[0-9]* says that it is server 1, which we are; two servers have the same id"
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

# looks ID: how often that server has looked for a leader
looks() {
	lab_door "$1" peer | jq -e '.counters.looks'
}

# frames_in ID: frames that came at its quorum port
frames_in() {
	lab_door "$1" connmgr | jq -e '.counters.learner_frames_in'
}

# greeted ID COUNT: so many connections have come at its quorum port
greeted() {
	lab_door "$1" connmgr | jq -e --argjson count "$2" '.counters.learner_accepted >= $count'
}

# nothing_changed: no server has looked again, and the epoch is the one from before
nothing_changed() {
	local id
	for id in "${ids[@]}"; do
		[ "$(looks "$id")" = "${before[id]}" ] || return 1
	done
	[ "$(lab_wait_leader "${ids[@]}")" = "$leader" ] && [ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
}

@test "greetings in the name of another server cost no working link, at the leader and at followers" {
	lab_up 3
	leader=$(lab_wait_leader)
	for id in 1 2 3; do
		lab_until "server $id has its role" lab_one_leader 1 2 3
	done
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	ids=(1 2 3)
	before=()
	for id in 1 2 3; do
		before[id]=$(looks "$id")
	done
	for id in 1 2 3; do
		for other in 1 2 3; do
			[ "$id" = "$other" ] || stranger greeted greet "127.0.0.1:$(lab_port "$id" quorum)" "$other" 40
		done
		lab_until "connmgr of server $id has seen them" greeted "$id" 80
	done
	# what the peers were told until now, they have dealt with when they have answered this
	nothing_changed
	[ "$(lab_door "$leader" connmgr | jq '[.remotes[] | select(.lane == "learner" and .link == "up" and (.dialled | not))] | length')" = 2 ]
	other=$((leader % 3 + 1))
	[ "$(lab_door "$other" connmgr | jq --argjson id "$leader" '[.remotes[] | select(.lane == "learner" and .id == $id and .link == "up" and .dialled)] | length')" = 1 ]
}

# nap SECONDS
nap() {
	read -rt "$1" -u "$LAB_NAP" || true
}

# flooded COUNT: more frames than that have come at the leader's quorum port
flooded() {
	[ "$(frames_in "$leader")" -gt "$1" ]
}

@test "a learner that floods the leader costs the others nothing" {
	lab_up 3 'timing = { tick_ms = 200; };'
	leader=$(lab_wait_leader)
	gone=$((leader % 3 + 1))
	other=$((gone % 3 + 1))
	lab_stop "$gone"
	ids=("$leader" "$other")
	[ "$(lab_wait_leader "${ids[@]}")" = "$leader" ]
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	before=()
	for id in "${ids[@]}"; do
		before[id]=$(looks "$id")
	done
	first=$(frames_in "$leader")
	stranger joined learn "127.0.0.1:$(lab_port "$leader" quorum)" "$gone" 2000000000
	a=$(lab_pid "$leader" peer)
	b=$(lab_pid "$other" peer)
	for _ in 1 2 3 4 5; do
		# the other follower's answer comes when nothing more fits into the leader's queue
		kill -STOP "$b"
		nap 0.3
		kill -STOP "$a"
		nap 0.1
		kill -CONT "$b"
		nap 0.1
		kill -CONT "$a"
		nap 0.5
	done
	nothing_changed
	lab_until "it was cut off, and came again" flooded $((first + 4100))
	kill "${helpers[@]}"
	lab_start "$gone"
	lab_until "server $gone follows" lab_is_state "$gone" following
	[ "$(lab_wait_leader)" = "$leader" ]
}
