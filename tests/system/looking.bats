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
		lab_until "server $id says that its leader has stepped down" events_say "$id" "^the leader, server $(<"$LAB/leader"), has stepped down$"
		[ -z "$(jq -c 'select(.state == "looking" and .reason == "")' "$LAB/$id/events")" ]
	done
	events_say 1 '^no server has been elected since the start$'
	second=$(lab_wait_leader)
	lab_kill "$second"
	last=$((6 - second - $(<"$LAB/leader")))
	lab_until "server $last says that its leader is gone" events_say "$last" "^the leader, server $second, closed its link$"
}

# says ID VERB REGEX: what server ID answers to VERB has it
says() {
	# shellcheck disable=SC2086 # a verb with its options
	[[ "$(lab_conclave "$1" $2)" =~ $3 ]]
}

@test "a group that is not founded yet: for whom it waits, and what is wrong with these" {
	lab_make 3 'supervisor = { watchdog_ms = 60000; };'
	lab_start 1
	all='founding: waits for servers 2, 3; a group is founded by all its servers, once \(server 2 refused, server 3 refused\)'
	lab_until "status says it" says 1 status $'\nreason: '"$all"$'\n'
	lab_until "health says it" says 1 health $'\nlooking for a leader: '"$all"$'\n'
	run -0 lab_conclave 1 health --json
	[ "$(jq -r '[.looking.causes[] | "\(.cause) \(.id) \(.reason)"] | join(", ")' <<<"$output")" = \
		"founding_waits null , not_linked 2 refused, not_linked 3 refused" ]
	lab_start 2 # a quorum, and still not all
	lab_until "server 2 waits for the last" says 2 status $'\nreason: founding: waits for server 3; .* \\(server 3 refused\\)\n'
	! lab_conclave 1 wait --leader --timeout 1
	lab_start 3
	lab_wait_leader
	run -0 lab_conclave 1 status --json
	[ "$(jq -c '[.reason, .looking, .members.version, .members.text]' <<<"$output")" = '["",null,1,""]' ]
}

@test "too few voters: how many are reachable, and what is wrong with the others" {
	lab_up 3 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	lab_stop 2
	lab_stop 3
	lab_until "status says it" says 1 status $'\nreason: 1 of 3 voters reachable, 2 needed: server 2 refused, server 3 refused\n'
	lab_until "health says it" says 1 health $'\nlooking for a leader: 1 of 3 voters reachable, 2 needed: server 2 refused'
	run -0 lab_conclave 1 health --json
	[ "$(jq -r '[.looking.causes[:3][] | "\(.cause) \(.id) \(.reason)"] | join(", ")' <<<"$output")" = \
		"few_voters null , not_linked 2 refused, not_linked 3 refused" ]
	lab_start 3
	lab_wait_leader 1 3
	run -0 lab_conclave 1 status --json
	[ "$(jq -c '[.reason, .looking]' <<<"$output")" = '["",null]' ]
}

@test "a voter that is linked and says nothing is called silent" {
	lab_up 3 'supervisor = { watchdog_ms = 60000; }; timing = { notify_max_ms = 200; notify_min_ms = 100; };'
	lab_wait_leader
	mapfile -t pids < <(lab_tree 3)
	kill -STOP "${pids[@]}"
	lab_stop 2
	lab_until "status says who is silent" says 1 status 'reason: 1 of 3 voters reachable, 2 needed: server 2 refused, server 3 silent since [0-9]+\.[0-9] s'
	kill -CONT "${pids[@]}"
	lab_wait_leader 1 3
}

@test "another list of members is named, on both sides" {
	lab_make 3
	sed -i '/{ id = 2;/d' "$LAB/1/conclave.conf"
	lab_start 1
	lab_start 2
	lab_start 3
	lab_until "the leader names the file" says 3 status $'\nreason: server 1 has another file of version 1; make them equal'
	lab_until "its follower names the list" says 1 status $'\nreason: server 3 lists other members: compare '
}

@test "a quorum port that nobody has is named" {
	lab_make 3
	sed -i "s/quorum_port = $((LAB_PORT + 6))/quorum_port = $((LAB_PORT + 20))/" "$LAB/1/conclave.conf"
	lab_start 1
	lab_start 2
	lab_start 3
	lab_until "status names the port" says 1 "status --json" '"cause":"quorum_port","id":3,"reason":"refused"'
	lab_until "so do the events" events_say 1 '^the quorum port of server 3 refused'
}

# no_looker ID: it shows no server as looking, but with the age of that word
no_looker() {
	run lab_conclave "$1" status
	[[ "$output" == *REMOTE* ]] && ! grep -qE 'looking +[^ 0-9]|looking +[0-9]+ +[0-9]' <<<"$output"
}

@test "an old word of a server is shown with its age; the links of both lanes are shown" {
	lab_up 3
	lab_wait_leader >"$LAB/leader"
	for id in 1 2 3; do
		lab_until "server $id shows nobody as looking" no_looker "$id"
	done
	id=$(($(<"$LAB/leader") % 3 + 1))
	run -0 lab_conclave "$id" status --json
	[ "$(jq --argjson l "$(<"$LAB/leader")" '.remotes[] | select(.id == $l) | .learner.link == "up"' <<<"$output")" = true ]
	[ "$(jq -c '[.remotes[] | select(.state == "looking" and .heard_ms == null)]' <<<"$output")" = "[]" ]
}
