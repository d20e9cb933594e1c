#!/usr/bin/env bats
# A leader hands over: rules R5 and R9 of docs/LEASE.md, by the requests of its peer's door.

load lab
load lab_odd

teardown() {
	lab_down
}

epoch_of() {
	lab_conclave "$1" status --json | jq .epoch
}

# leads ID: that server does, and all name it
leads() {
	[ "$(lab_one_leader 1 2 3)" = "$1" ]
}

# refused REQUEST TEXT: the leader refuses it, and leads on with its epoch
refused() {
	local epoch
	epoch=$(epoch_of "$leader")
	[[ "$(lab_door "$leader" peer "$1" | jq -r .error)" == *"$2"* ]]
	leads "$leader"
	[ "$(epoch_of "$leader")" = "$epoch" ]
}

@test "step-down: another leads at once, with a higher epoch, and the old leader follows" {
	lab_up 3
	for _ in 1 2 3; do
		leader=$(lab_wait_leader)
		epoch=$(epoch_of "$leader")
		lab_door "$leader" peer step-down | jq -e '.ok'
		next=$(lab_wait_leader)
		[ "$next" != "$leader" ]
		[ "$(epoch_of "$next")" -gt "$epoch" ]
		lab_until "server $leader follows" lab_is_state "$leader" following
	done
}

@test "step-down for a time: that server is not elected before, whoever leads and dies" {
	lab_up 3
	leader=$(lab_wait_leader)
	lab_door "$leader" peer "step-down 600000" | jq -e '.ok'
	next=$(lab_wait_leader)
	[ "$next" != "$leader" ]
	lab_kill "$next"
	[ "$(lab_wait_leader)" = $((6 - leader - next)) ]
}

@test "transfer: each target leads, whatever its id" {
	lab_up 3
	for turn in 1 2 1 1 2 2; do
		leader=$(lab_wait_leader)
		target=$(((leader + turn - 1) % 3 + 1))
		lab_door "$leader" peer "transfer $target" | jq -e '.ok'
		lab_until "server $target leads" leads "$target"
	done
}

@test "transfer to a server that cannot take it changes nothing" {
	lab_up 3 'role3 = observer'
	leader=$(lab_wait_leader)
	refused "transfer 3" "may not lead"
	refused "transfer 9" "does not follow"
	refused "transfer $leader" "does not follow"
	refused "transfer" "names a server"
	lab_stop 3
	[[ "$(lab_door "$leader" peer "transfer 3" | jq -r .error)" == *"does not follow"* ]]
	follower=$((3 - leader))
	[[ "$(lab_door $follower peer "transfer $leader" | jq -r .error)" == *"does not lead"* ]]
	[[ "$(lab_door $follower peer step-down | jq -r .error)" == *"does not lead"* ]]
}

@test "transfer to a server with less than the others fails, and somebody leads again" {
	lab_up 3
	leader=$(lab_wait_leader)
	for id in 1 2 3; do lab_conclave $id claim 5; done
	# a claim counts from the next look on
	lab_door "$leader" peer step-down | jq -e '.ok'
	lab_until "another leads" eval '[ "$(lab_one_leader 1 2 3)" != "$leader" ] && [ -n "$(lab_one_leader 1 2 3)" ]'
	leader=$(lab_wait_leader)
	target=$((leader % 3 + 1))
	lab_conclave "$target" claim 1
	epoch=$(epoch_of "$leader")
	lab_door "$leader" peer "transfer $target" | jq -e '.ok'
	lab_until "there is a leader again" eval 'next=$(lab_one_leader 1 2 3) && [ "$(epoch_of "$next")" -gt '"$epoch"' ]'
	[ "$(lab_wait_leader)" != "$target" ]
}

@test "a group of one that steps down leads again" {
	lab_up 1
	lab_wait_leader
	epoch=$(epoch_of 1)
	lab_door 1 peer step-down | jq -e '.ok'
	lab_until "server 1 leads again" eval '[ "$(epoch_of 1)" -gt '"$epoch"' ]'
	[ "$(lab_wait_leader)" = 1 ]
}
