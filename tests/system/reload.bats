#!/usr/bin/env bats
# What a running server takes over from a file that was changed, and a server that is not in its own list.

load lab

teardown() {
	lab_down
}

# members ID VERSION SID…: the file of server ID lists those servers, under that version
members() {
	local file=$LAB/$1/conclave.conf version=$2 sid list=""
	shift 2
	for sid; do
		list+="${list:+, }{ id = $sid; host = \"127.0.0.1\"; quorum_port = $((LAB_PORT + 2 * sid)); election_port = $((LAB_PORT + 2 * sid + 1)); }"
	done
	sed -i -E '/^version = /d; /^servers = \($/,/^\);$/d; /^servers = /d' "$file"
	printf 'version = %s;\nservers = ( %s );\n' "$version" "$list" >>"$file"
}

# peer ID FILTER: of the peer's own answer
peer() {
	"$CONCLAVE_BIN/../tests/fakeworker" ask "$LAB/$1/run/peer/door" status | jq -e "$2"
}

# linked ID SID: its election link to that server is up
linked() {
	lab_conclave "$1" status --json | jq -e --argjson sid "$2" 'any(.remotes[]; .id == $sid and .link == "up")'
}

@test "other members are taken over with another version, and with no other" {
	lab_up 3
	lab_wait_leader 1 2 3
	peer 1 '.file == {"version": 1, "reloads": 0, "refused": ""} and .role == "participant"'
	members 1 1 1 2 3 4
	run -1 lab_conclave 1 reload
	[[ "$output" == *"conclave.conf:"*": server 4 is new, and version 1 runs with other members; write version = 2;"* ]]
	peer 1 '.file == {"version": 1, "reloads": 0, "refused": ""}' # it was not told
	for id in 1 2 3; do
		members $id 2 1 2 3 4
		run -0 --separate-stderr lab_conclave $id reload --json
		jq -e '.taken == ["version", "servers"]' <<<"$output"
		lab_until "peer $id has read it" peer $id '.file == {"version": 2, "reloads": 1, "refused": ""}'
	done
	# an older file is a wish like any other; who takes part is what it was
	members 2 1 1 2 3
	run -0 lab_conclave 2 reload
	lab_until "peer 2 has read it" peer 2 '.file.version == 1'
	lab_wait_leader 1 2 3
}

@test "a server may be taken out of its own list and put back; where it listens stays" {
	local port
	lab_up 3
	lab_wait_leader 1 2 3
	port=$((LAB_PORT + 7))
	members 3 2 1 2
	run -0 lab_conclave 3 reload
	lab_until "peer 3 is in no list" peer 3 '.role == "none" and .file.version == 2'
	[ -n "$(ss -Hltn "sport = :$port")" ]
	members 3 3 1 2 3
	run -0 lab_conclave 3 reload
	lab_until "peer 3 is in it again" peer 3 '.role == "participant" and .file.version == 3'
	sed -i "s/election_port = $port/election_port = $((LAB_PORT + 9))/" "$LAB/3/conclave.conf"
	run -1 lab_conclave 3 reload
	[[ "$output" == *"election_port of server 3, this one, differs from where it listens; restart this server"* ]]
}

@test "a server that is not in its own list runs, listens nowhere, and does not vote" {
	lab_make 3
	for id in 1 2; do
		members $id 1 1 2
		lab_start $id
	done
	lab_wait_leader 1 2
	members 3 1 1 2
	run -78 lab_conclave 3 check
	[[ "$output" == *"id 3 is not in servers"* ]]
	members 3 2 1 2
	run -0 lab_conclave 3 check
	[[ "$output" == *"warning: server 3, this one, is not in servers: it counts for nothing in version 2"* ]]
	[[ "$output" == *"version = 2;"* ]]
	lab_start 3
	for worker in connmgr elector peer; do
		lab_until "$worker is in service" lab_replaced 3 $worker 0
	done
	peer 3 '.role == "none" and .state == "looking"'
	[ -z "$(ss -Hltn "sport = :$((LAB_PORT + 6))"; ss -Hltn "sport = :$((LAB_PORT + 7))")" ]
	lab_conclave 3 status
	lab_conclave 3 health || true
	run -0 lab_conclave 3 status --json
	lab_wait_leader 1 2
	for worker in connmgr elector peer; do
		[ "$(lab_conclave 3 status --json | jq ".processes[] | select(.name == \"$worker\") | .restarts")" = 0 ]
	done
}

@test "a server that moved is reached at its new address under the same version" {
	local id
	lab_up 3
	lab_wait_leader 1 2 3
	lab_stop 1
	for id in 1 2 3; do
		sed -i "s/quorum_port = $((LAB_PORT + 2)); election_port = $((LAB_PORT + 3))/quorum_port = $((LAB_PORT + 12)); election_port = $((LAB_PORT + 13))/" "$LAB/$id/conclave.conf"
	done
	lab_start 1
	for id in 2 3; do
		run -0 --separate-stderr lab_conclave $id reload --json
		jq -e '.taken == ["servers"]' <<<"$output"
	done
	lab_wait_leader 1 2 3
	# 1 dials nobody on the election lane: the larger id does
	for id in 2 3; do
		lab_until "$id is linked with 1" linked $id 1
	done
	# and it may lead: with 1 and one more there is a quorum
	lab_stop 2
	lab_wait_leader 1 3
}

@test "a server that is being removed counts, and is reached, until it is removed, though it is started anew" {
	local id
	lab_up 3
	lab_wait_leader 1 2 3
	for id in 1 2 3; do
		members $id 2 2 3 4 # server 4 is not there yet
		run -0 lab_conclave $id reload
	done
	lab_stop 1
	lab_start 1
	lab_until "1 is back" linked 3 1
	lab_stop 2
	lab_wait_leader 1 3
	# the old members are in force
	run -2 lab_conclave 3 wait --members 2 --timeout 1
}
