#!/usr/bin/env bats
# Every faulty elector (tests/badelector) is refused, given up or rolled back, and the old program stays
# in use: each fault once, on a quiet server. tests/soak runs the whole matrix.

load lab
load lab_bad

# worse ID: an election shows that it votes for another server
worse() {
	local pid
	lab_conclave "$1" swap elector "$LAB/new/elector-worse" --shadow 60s >"$LAB/said" 2>&1 3>&- &
	pid=$!
	lab_until "it is compared" eval "lab_conclave $1 swap --status --json | jq -e '.phase == \"shadowing\"'"
	sleep 0.2 # connmgr lets the answers that are under way go by
	kill -9 "$(lab_pid "$1" peer)"
	! wait "$pid" || return 1
	grep -q 'it said something else than the one in use' "$LAB/said"
	grep -q 'first difference' "$LAB/said"
	grep -q 'the one in use: LOOKING leader=' "$LAB/said"
	lab_until "main is in service" back "$1"
	lab_wait_leader
}

@test "every bad elector is refused, given up or rolled back; nobody else notices" {
	bad_up
	all_bad "$leader"
	same_leader
}

@test "one that votes for a worse server is seen by the comparison, decoded; --force takes it" {
	bad_up
	worse "$follower"
	run -0 lab_conclave "$follower" swap elector "$LAB/new/elector-good" --shadow 1s --force
	[[ $output == *"version 99.0+other"* ]]
}
