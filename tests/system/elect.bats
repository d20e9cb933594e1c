#!/usr/bin/env bats
# Servers of every size elect, lose and elect again; over real TCP, with the real programs.

load lab

teardown() {
	lab_down
}

@test "one server leads by itself" {
	lab_up 1
	[ "$(lab_wait_leader)" = 1 ]
	run -0 lab_conclave 1 leader
	[ "$output" = 1 ]
}

@test "three servers: the others follow one leader, and say so alike" {
	lab_up 3
	leader=$(lab_wait_leader)
	for id in 1 2 3; do
		run lab_conclave "$id" leader
		[ "$output" = "$leader" ]
		[ "$status" = $((id == leader ? 0 : 1)) ]
	done
	for id in 1 2 3; do
		epochs+=$(lab_conclave "$id" status --json | jq .epoch)" "
	done
	read -r a b c <<<"$epochs"
	[ "$a" -gt 0 ] && [ "$a" = "$b" ] && [ "$b" = "$c" ]
}

@test "five servers survive the loss of two, one leader after the other" {
	lab_up 5
	first=$(lab_wait_leader)
	lab_kill "$first"
	second=$(lab_wait_leader)
	[ "$first" != "$second" ]
	lab_kill "$second"
	third=$(lab_wait_leader)
	[ "$third" != "$first" ] && [ "$third" != "$second" ]
}

@test "seven servers elect; without a quorum nobody leads; with it again one does" {
	lab_up 7
	lab_wait_leader
	for id in 1 2 3 4; do
		lab_kill "$id"
	done
	for id in 5 6 7; do
		lab_until "server $id without leader" lab_is_state "$id" looking
		run -2 lab_conclave "$id" leader
	done
	lab_start 2
	leader=$(lab_wait_leader)
	[[ " 2 5 6 7 " == *" $leader "* ]]
}

@test "a server that was killed whole comes back as a follower, and the leader stays" {
	lab_up 3
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	lab_kill "$other"
	lab_start "$other"
	lab_until "server $other follows" lab_is_state "$other" following
	[ "$(lab_conclave "$other" leader || true)" = "$leader" ]
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
}

@test "the leader's server is killed and comes back: an epoch is never led twice" {
	lab_up 3
	first=$(lab_wait_leader)
	before=$(lab_conclave "$first" status --json | jq .epoch)
	lab_kill "$first"
	second=$(lab_wait_leader)
	[ "$first" != "$second" ]
	after=$(lab_conclave "$second" status --json | jq .epoch)
	[ "$after" -gt "$before" ]
	lab_start "$first"
	lab_until "server $first follows" lab_is_state "$first" following
	[ "$(lab_conclave "$second" status --json | jq .epoch)" = "$after" ]
}

@test "an observer follows and never leads" {
	lab_up 4 'role4 = observer'
	leader=$(lab_wait_leader 1 2 3)
	[ "$leader" != 4 ]
	lab_until "server 4 observes" lab_is_state 4 observing
	lab_kill "$leader"
	mapfile -t rest < <(printf '%s\n' 1 2 3 | grep -vx "$leader")
	second=$(lab_wait_leader "${rest[@]}")
	[ "$second" != 4 ]
	lab_until "server 4 observes the new leader" lab_names 4 "$second"
}

# agree ID…: all of them name the same one of them; prints it
agree() {
	local id leader="" said
	for id; do
		said=$(lab_conclave "$id" status --json | jq .leader)
		[ -z "$leader" ] || [ "$said" = "$leader" ] || return 1
		leader=$said
	done
	[[ " $* " == *" $leader "* ]] && echo "$leader" >"$LAB/agreed"
}

@test "zab = false: the role is what the election says, and nobody is active" {
	lab_up 3 'zab = false;'
	lab_until "three name one" agree 1 2 3 # 3, unless it came too late
	leader=$(<"$LAB/agreed")
	lab_is_state "$leader" leading
	! lab_conclave "$leader" leader || return 1
	lab_kill "$leader"
	mapfile -t left < <(seq 3 | grep -vx "$leader")
	lab_until "two name one" agree "${left[@]}"
	leader=$(<"$LAB/agreed")
	[ "$leader" = "${left[1]}" ] # none is late here
	lab_is_state "$leader" leading
}

@test "late finalize: without early finalize they elect as well" {
	lab_up 3 'early_finalize = false;'
	leader=$(lab_wait_leader)
	lab_kill "$leader"
	lab_wait_leader
}

@test "a stop in order leaves no process and no socket behind" {
	lab_up 3
	lab_wait_leader
	for id in 1 2 3; do
		lab_stop "$id"
	done
	[ -z "$(find "$LAB" -type s)" ]
	[ -z "$(lab_processes)" ]
}
