#!/usr/bin/env bats
# A thousand electors, started by hand, killed -9 within a few milliseconds of their start.

load lab

teardown() {
	lab_down
}

no_stuck_closes() {
	lab_door "$leader" connmgr | jq -e '.stuck_closes == 0'
}

@test "a thousand electors killed in their greeting leave connmgr able to take the next one" {
	lab_up 3
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	connmgr=$(lab_pid "$leader" connmgr)
	run -0 "$BATS_TEST_DIRNAME/killer.py" "${LAB_KILLS:-1000}" "$LAB/$leader/conclave.conf" \
		"$CONCLAVE_BIN/conclave-elector"
	[ "$(lab_pid "$leader" connmgr)" = "$connmgr" ]
	old=$(lab_pid "$leader" elector)
	kill -9 "$old"
	lab_until "a new elector" lab_replaced "$leader" elector "$old"
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
	lab_until "every close of nng has returned" no_stuck_closes
}
