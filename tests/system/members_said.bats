#!/usr/bin/env bats
# What a person sees of a group that is founded, grows, shrinks and loses its disks: the sentences
# of conclave-membership(7), and wait --members.

load lab

calm='supervisor = { watchdog_ms = 60000; };' # no loop counts as late

teardown() {
	lab_down
}

# list VERSION ID…: the file of each server of the lab has that version, and these servers
list() {
	local version=$1 dir
	shift
	for dir in "$LAB"/[0-9]*; do
		[ -f "$dir/all.conf" ] || cp "$dir/conclave.conf" "$dir/all.conf"
		awk -v version="$version" -v ids=" $* " '
			/^\t\{ id = / {
				id = $4; sub(/;/, "", id)
				if (index(ids, " " id " ")) { sub(/,$/, ""); line[++count] = $0 }
				next
			}
			/^\);/ { for (i = 1; i <= count; i++) print line[i] (i < count ? "," : "") }
			{ print }
			END { print "version = " version ";" }' "$dir/all.conf" >"$dir/conclave.conf.new"
		mv "$dir/conclave.conf.new" "$dir/conclave.conf"
	done
}

# says ID VERB PATTERN: what server ID answers to VERB has it
says() {
	# shellcheck disable=SC2053,SC2086 # a pattern; a verb with its options
	[[ "$(lab_conclave "$1" $2)" == $3 ]]
}

in_force() {
	local version=$1 id
	shift
	for id; do
		lab_conclave "$id" wait --members "$version" --timeout $((LAB_DEADLINE_MS / 1000))
	done
}

@test "from three to five and back: said at each step, and nobody is sick at the end" {
	lab_make 5 "$calm"
	list 1 1 2 3
	for id in 1 2 3; do
		lab_start "$id"
	done
	leader=$(lab_wait_leader 1 2 3)
	in_force 1 1 2 3
	list 2 1 2 3 4 5
	for id in 1 2 3; do
		lab_conclave "$id" reload
	done
	lab_until "the leader waits for both" says "$leader" members \
		'members 1 are in force, the file says 2'$'\n''members 2 wait for servers 4, 5, which have not joined; still members 1'*
	run -2 lab_conclave "$leader" wait --members 2 --timeout 0
	[[ "$output" == *"members 2 wait for servers 4, 5"* ]]
	lab_until "it is degraded" says "$leader" "health --json" '*"verdict":"degraded"*"members 2 wait for servers 4, 5*'
	lab_start 4
	lab_until "the leader waits for one" says "$leader" status '*membership: members 2 wait for server 5, which has not joined; still members 1*'
	lab_start 5
	in_force 2 1 2 3 4 5
	[ "$(lab_wait_leader)" = "$leader" ]
	for id in 1 2 3 4 5; do
		lab_until "server $id is healthy" lab_conclave "$id" health
		run -0 lab_conclave "$id" members
		[ "${lines[0]}" = "members 2 are in force, the file says 2 too" ]
		[[ "$(lab_conclave "$id" metrics)" == *"conclave_members_version 2"*"conclave_members_joint 0"*"conclave_members_missing 0"* ]]
	done
	list 3 1 2 3
	for id in 5 4 3 2 1; do
		lab_conclave "$id" reload
	done
	in_force 3 1 2 3
	for id in 4 5; do
		lab_until "server $id says that it may be stopped" says "$id" status '*membership: removed at members 3; may be stopped*'
		lab_until "that is no sickness" says "$id" "health --json" '*"verdict":"healthy"*removed at members 3*'
	done
	run -1 lab_conclave 1 wait --members 2
}

@test "a file of another version, and two files of one, are named" {
	lab_up 3 "$calm"
	lab_wait_leader >"$LAB/leader"
	in_force 1 1 2 3
	cp "$LAB/1/conclave.conf" "$LAB/1/old.conf"
	list 2 1 2 3
	for id in 1 2 3; do
		lab_conclave "$id" reload
	done
	in_force 2 1 2 3
	cp "$LAB/1/old.conf" "$LAB/1/conclave.conf"
	lab_conclave 1 reload
	lab_until "server 1 says what to write" says 1 health '*sick: file has version 1, the group 2: write version 3 to change back*'
}

@test "a lost disk is taken in again; where two of three are lost, refound founds anew above the old epoch" {
	lab_up 3 "$calm"
	leader=$(lab_wait_leader)
	lab_kill 1
	rm -rf "$LAB/1/data"
	lab_start 1
	lab_wait_leader
	lab_until "server 1 counts again" lab_conclave 1 wait --members 1 --timeout 1
	lab_until "nobody is sick" lab_conclave "$(lab_wait_leader)" health
	epoch=$(lab_conclave 1 status --json | jq .epoch)
	for id in 1 2 3; do
		lab_stop "$id"
	done
	rm -rf "$LAB/2/data" "$LAB/3/data"
	for id in 1 2 3; do
		lab_start "$id"
	done
	lab_until "server 1 says what to do" says 1 health '*no quorum without it*conclave refound*'
	list 2 1 2 3
	for id in 1 2 3; do
		lab_conclave "$id" reload
	done
	for id in 1 2 3; do
		run -0 lab_conclave "$id" refound --yes
		[[ "$output" == *"its file: 1 2 3."* ]]
	done
	lab_wait_leader
	in_force 2 1 2 3
	[ "$(lab_conclave 1 status --json | jq .epoch)" -gt "$epoch" ]
}
