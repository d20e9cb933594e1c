#!/usr/bin/env bats
# One process of a server dies and comes back, and nobody gets another leader or another epoch: rules
# R7 and R8 of docs/LEASE.md. resume_ms is longer than any machine takes, so that no test depends on
# its speed; where nothing may be waited for, it is longer than the lab waits.

load lab
load lab_odd

teardown() {
	lab_down
}

# kill_worker ID WORKER: kill -9, and wait until its successor is in service
kill_worker() {
	local old
	old=$(lab_pid "$1" "$2")
	kill -9 "$old"
	lab_until "server $1 has a new $2" lab_replaced "$1" "$2" "$old"
}

epoch_of() {
	lab_conclave "$1" status --json | jq .epoch
}

# has_learners N: the leader is established, and N servers follow it
has_learners() {
	lab_door "$leader" peer |
		jq -e --argjson n "$1" '.state == "leading" and ([.learners[] | select(.phase == "broadcast" and .acked)] | length) == $n'
}

# looks ID: how often the events of that server say that it looks
looks() {
	grep -c '"state":"looking"' "$LAB/$1/events" || true
}

# kept ID WORKER: that death changes nothing that the other servers see, or are
kept() {
	local id before=() epoch
	lab_until "all follow" has_learners 2
	epoch=$(epoch_of "$leader")
	for id in 1 2 3; do before[id]=$(looks "$id"); done
	kill_worker "$1" "$2"
	lab_until "all follow again" has_learners 2
	[ "$(lab_wait_leader)" = "$leader" ]
	for id in 1 2 3; do
		[ "$(epoch_of "$id")" = "$epoch" ]
		[ "$id" = "$1" ] || [ "$(looks "$id")" = "${before[id]}" ]
	done
	[ "$2" = peer ] || [ "$(looks "$1")" = "${before[$1]}" ]
}

@test "kill -9 of a worker of the leader costs no leader and no epoch" {
	lab_up 3 'resume_ms = 60000;'
	leader=$(lab_wait_leader)
	for worker in connmgr elector peer connmgr; do
		kept "$leader" $worker
	done
}

@test "the same where workers talk over nng" {
	LAB_IPC=nng lab_up 3 'resume_ms = 60000;'
	leader=$(lab_wait_leader)
	for worker in peer connmgr; do
		kept "$leader" $worker
	done
}

@test "kill -9 of a worker of a follower costs no leader and no epoch" {
	lab_up 3 'resume_ms = 60000;'
	leader=$(lab_wait_leader)
	for worker in connmgr elector peer connmgr; do
		kept $((leader % 3 + 1)) $worker
	done
}

@test "kill -9 of the connmgr of every follower at once costs no leader" {
	lab_up 3 'resume_ms = 60000;'
	leader=$(lab_wait_leader)
	lab_until "all follow" has_learners 2
	epoch=$(epoch_of "$leader")
	a=$((leader % 3 + 1)) b=$((a % 3 + 1))
	old=("$(lab_pid $a connmgr)" "$(lab_pid $b connmgr)")
	kill -9 "${old[@]}"
	lab_until "server $a has a new connmgr" lab_replaced $a connmgr "${old[0]}"
	lab_until "server $b has a new connmgr" lab_replaced $b connmgr "${old[1]}"
	lab_until "all follow again" has_learners 2
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(epoch_of "$leader")" = "$epoch" ]
}

@test "kill -9 of all workers of the leader costs no leader and no epoch" {
	lab_up 3 'resume_ms = 60000;'
	leader=$(lab_wait_leader)
	lab_until "all follow" has_learners 2
	epoch=$(epoch_of "$leader")
	for worker in connmgr elector peer; do old+=("$(lab_pid "$leader" $worker)"); done
	kill -9 "${old[@]}"
	lab_until "all follow again" has_learners 2
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(epoch_of "$leader")" = "$epoch" ]
}

@test "a leader whose whole server dies is not waited for" {
	lab_up 3 'resume_ms = 60000;'
	first=$(lab_wait_leader)
	epoch=$(epoch_of "$first")
	lab_kill "$first"
	second=$(lab_wait_leader)
	[ "$second" != "$first" ]
	[ "$(epoch_of "$second")" -gt "$epoch" ]
}

@test "a leader whose conclaved dies, and the workers after it, is not waited for" {
	lab_up 3 'resume_ms = 60000;'
	first=$(lab_wait_leader)
	kill -9 "$(lab_pid "$first" conclaved)"
	lab_until "server $first is gone" eval '! lab_conclave "$first" status'
	others=$(printf '%s\n' 1 2 3 | grep -v "$first")
	# shellcheck disable=SC2086 # two ids
	lab_until "another leads" eval '[ "$(lab_wait_leader '"${others//$'\n'/ }"')" != "$first" ]'
	lab_start "$first"
	lab_wait_leader
}
