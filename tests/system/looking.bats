#!/usr/bin/env bats
# Why no leader is there: what status, health and the events say about each looking.

load lab

teardown() {
	lab_down
}

# events_say ID REGEX: an event of server ID while it looks has such a reason
events_say() {
	[ -n "$(jq -c --arg re "$2" 'select(.state == "looking" and (.reason | test($re)))' "$LAB/$1/events")" ]
}

@test "every event of a looking server has a reason" {
	lab_up 3
	lab_wait_leader >"$LAB/leader"
	lab_stop "$(<"$LAB/leader")"
	for id in 1 2 3; do
		[ "$id" = "$(<"$LAB/leader")" ] && continue
		lab_until "server $id says that its leader is gone" events_say "$id" "^the leader, server $(<"$LAB/leader"), closed its link$"
		[ -z "$(jq -c 'select(.state == "looking" and .reason == "")' "$LAB/$id/events")" ]
	done
	events_say 1 '^no server has been elected since the start$'
	lab_wait_leader
}
