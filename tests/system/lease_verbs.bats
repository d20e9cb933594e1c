#!/usr/bin/env bats
# Priorities, step-down, transfer, and what is shown of leases. docs/LEASE.md has the rules.

load lab

teardown() {
	lab_down
}

leases() { # ID FILTER: holds of what its status says of leases
	lab_conclave "$1" status --json | jq -e ".lease | $2" >/dev/null
}

leads() { # ID: it says so itself, when asked
	[ "$(lab_conclave "$1" leader)" = "$1" ]
}

another_leads() { # ID: no server names that one any more, and all name one
	local leader
	leader=$(lab_one_leader 1 2 3) && [ -n "$leader" ] && [ "$leader" != "$1" ]
}

@test "of equally fresh servers the one with the largest priority leads, and a change of priorities is a change of members" {
	lab_up 3 $'priority1 = 7\npriority2 = 3'
	[ "$(lab_wait_leader)" = 1 ]
	lab_conclave 3 status --json | jq -e '.members.record.new.servers[0] | .id == 1 and .priority == 7'
	lab_stop 1
	[ "$(lab_wait_leader 2 3)" = 2 ]
	lab_start 1
	[ "$(lab_wait_leader)" = 2 ] # nobody takes the leadership from a leader that works
	lab_conclave 1 status --json | jq -e '[.members.record.new.servers[].priority] == [7, 3, 0]' # read from its disk
	sed -i 's/priority = 7;/priority = 8;/' "$LAB/1/conclave.conf"
	run lab_conclave 1 reload
	[ "$status" -ne 0 ]
	[[ "$output" == *"has another priority"* ]]
}

@test "step-down: another server leads, in a higher epoch; --for keeps this one out" {
	lab_up 3
	old=$(lab_wait_leader)
	epoch=$(lab_conclave "$old" status --json | jq .epoch)
	run -0 lab_conclave "$old" step-down
	[ "$output" = "" ]
	lab_until "another leads" another_leads "$old"
	new=$(lab_wait_leader)
	[ "$(lab_conclave "$new" status --json | jq .epoch)" -gt "$epoch" ]
	run lab_conclave "$old" step-down
	[ "$status" = 1 ]
	[[ "$output" == *"this server does not lead"* ]]
	run -0 lab_conclave "$new" step-down --for 60s --json
	jq -e '.schema == 1 and .ok' <<<"$output"
	lab_until "another leads" another_leads "$new"
	leases "$new" '.stands_ms > 0 and .stands_ms <= 60000'
	for text in 5x -1 11min; do
		run lab_conclave "$new" step-down --for "$text"
		[ "$status" = 64 ]
	done
}

@test "transfer: the server that is named leads, also against its id" {
	lab_up 3
	old=$(lab_wait_leader)
	to=$((old == 1 ? 2 : 1))
	run -0 lab_conclave "$old" transfer "$to"
	[ "$output" = "$to" ]
	[ "$(lab_wait_leader)" = "$to" ]
	run -0 lab_conclave "$to" transfer "$old" --json
	jq -e ".ok and .leader == $old" <<<"$output"
	run lab_conclave "$old" transfer "$old"
	[ "$status" = 64 ]
	run lab_conclave "$old" transfer x
	[ "$status" = 64 ]
	run lab_conclave "$old" transfer 77
	[ "$status" = 1 ]
	[[ "$output" == *"does not follow"* ]]
	[ "$(lab_wait_leader)" = "$old" ]
}

@test "transfer to a server that is less fresh fails, and says who leads" {
	lab_up 3
	leader=$(lab_wait_leader)
	others=$(printf '%s\n' 1 2 3 | grep -vx "$leader")
	stale=$(head -n 1 <<<"$others")
	fresh=$(tail -n 1 <<<"$others")
	lab_conclave "$fresh" claim 5
	lab_conclave "$leader" claim 5
	run lab_conclave "$leader" transfer "$stale"
	[ "$status" = 1 ]
	[[ "$output" == *" leads now, and not server $stale"* ]]
}

@test "lease = always: status, watch and metrics show it, on both sides" {
	lab_up 3 'lease = "always";'
	leader=$(lab_wait_leader)
	follower=$((leader == 1 ? 2 : 1))
	lab_until "there is a lease" leases "$leader" '.wanted and .ends_ms > 0 and .promised >= 1 and .promise.to == .promise.to'
	lab_until "the follower has promised" leases "$follower" ".promise.to == $leader and .promise.ms > 0"
	lab_conclave "$leader" status --json | jq -e '.lease_ms >= 0 and .lease.mode == "always" and .lease.lease_ms > .lease.ends_ms'
	leases "$follower" '.wanted == false and .ends_ms == 0 and .holds == []'
	run -0 lab_conclave "$leader" status
	[[ "$output" == *"lease"* ]]
	run bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/$leader/conclave.conf' watch --json 3>&- | head -n 6"
	jq -es 'length == 6 and all(.event == "state" and .epoch > 0) and any(.heartbeat)' <<<"$output"
	# the end of the lease goes on
	jq -es 'map(.lease_end_ms) | .[0] > 0 and .[-1] > .[0]' <<<"$output"
	lab_conclave "$leader" metrics | grep -qE '^conclave_lease_seconds [0-9]+\.[0-9]'
	lab_conclave "$follower" metrics | grep -qE '^conclave_lease_seconds 0(\.0+)?$'
}

@test "without a hold nobody asks for a lease; a follower watches heartbeats all the same" {
	lab_up 3
	leader=$(lab_wait_leader)
	leases "$leader" '.mode == "auto" and (.wanted | not) and .ends_ms == 0 and .promise == null'
	run bash -c "'$CONCLAVE_BIN/conclave' -c '$LAB/$leader/conclave.conf' watch --json 3>&- | jq --unbuffered -c 'select(.heartbeat)' | head -n 1"
	jq -e '.state == "leading" and .active and .lease_end_ms == 0' <<<"$output"
}

@test "leader exits 0 only while a quorum answers" {
	lab_up 3 'supervisor = { watchdog_ms = 60000; };'
	leader=$(lab_wait_leader)
	run -0 lab_conclave "$leader" leader
	[ "$output" = "$leader" ]
	others=()
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || others+=("$(lab_pid "$id" peer)")
	done
	kill -STOP "${others[@]}"
	run lab_conclave "$leader" leader
	kill -CONT "${others[@]}"
	[ "$status" = 2 ]
	[ "$output" = "" ]
}

@test "wait --lost: not at a restart of the peer, but when another leads" {
	lab_up 3 'resume_ms = 20000;'
	leader=$(lab_wait_leader)
	lab_conclave "$((leader % 3 + 1))" wait --lost --timeout 20 # who does not lead has lost it already
	run lab_conclave "$leader" wait --lost --timeout 0.2
	[ "$status" = 2 ]
	lab_conclave "$leader" wait --lost --json >"$LAB/lost" 3>&- {LAB_LOCK}>&- &
	waiting=$!
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	old=$(lab_pid "$leader" peer)
	kill -9 "$old"
	lab_until "another peer leads on" resumed "$leader" "$old" "$epoch"
	[ ! -s "$LAB/lost" ]
	kill -0 "$waiting"
	lab_conclave "$leader" step-down
	wait "$waiting"
	jq -e '.active == false' "$LAB/lost"
}

resumed() { # ID OLD EPOCH
	[ "$(lab_pid "$1" peer)" != "$2" ] && leads "$1" &&
		lab_conclave "$1" status --json | jq -e ".epoch == $3 and .lease.resumed == 1"
}
