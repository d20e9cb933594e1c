#!/usr/bin/env bats
# Groups grow, shrink, lose disks and move, with files that arrive in any order. That no epoch has two leaders, and that
# the members in force never go back, is looked at in what all servers said, at the end of each test (lab_down).

load lab
load lab_odd
load lab_members

teardown() {
	lab_down
}

# change VERSION MEMBER… -- ID…: that file for each ID, in this order, and waits until the members are in force on
# each of them that is a member; says how long that took from the last file on
change() {
	local version=$1 list=() id since members
	shift
	while [ "$1" != -- ]; do
		list+=("$1")
		shift
	done
	shift
	for id; do
		lab_give "$id" "$version" "${list[@]}"
	done
	since=$(lab_now_ms)
	members=" ${list[*]%%:*} "
	for id; do
		[[ $members != *" $id "* ]] || lab_wait_members "$version" "$id"
	done
	echo "# members $version in force $(($(lab_now_ms) - since)) ms after the last file" >&3
}

# epoch ID
epoch() {
	lab_conclave "$1" status --json | jq .epoch
}

# others LEADER ID…: all but that one
others() {
	local leader=$1
	shift
	printf '%s\n' "$@" | grep -vx "$leader"
}

# never_looked ID SINCE: that server has led without a break since it said its event number SINCE
never_looked() {
	! tail -n "+$(($2 + 1))" "$LAB/$1/events" | jq -e 'select(.state != "leading" or (.active | not))' >/dev/null
}

said() {
	wc -l <"$LAB/$1/events"
}

# counts_of_three ID…: without its leader, two of three elect another. Ends with all of them running.
counts_of_three() {
	local leader
	leader=$(lab_wait_leader "$@")
	lab_kill "$leader"
	# shellcheck disable=SC2046 # ids
	lab_wait_leader $(others "$leader" "$@")
	lab_start "$leader"
	lab_wait_leader "$@"
}

@test "3 to 5: the leader has the file first" {
	lab_group 5 "" 1 2 3
	leader=$(lab_wait_leader 1 2 3)
	since=$(said "$leader")
	# shellcheck disable=SC2046 # ids
	change 2 1 2 3 4 5 -- "$leader" $(others "$leader" 1 2 3) 4 5
	[ "$(lab_wait_leader 1 2 3 4 5)" = "$leader" ]
	never_looked "$leader" "$since"
	# three of five are needed now, and enough
	mapfile -t rest < <(others "$leader" 1 2 3 4 5)
	lab_kill "${rest[0]}"
	lab_kill "$leader"
	lab_wait_leader "${rest[@]:1}"
	lab_kill "${rest[1]}"
	lab_until "two of five lead nothing" lab_is_state "${rest[2]}" looking
}

@test "3 to 5: the followers have the file first, the leader last" {
	lab_group 5 "" 1 2 3
	leader=$(lab_wait_leader 1 2 3)
	since=$(said "$leader")
	# shellcheck disable=SC2046 # ids
	change 2 1 2 3 4 5 -- 5 4 $(others "$leader" 1 2 3) "$leader"
	[ "$(lab_wait_leader 1 2 3 4 5)" = "$leader" ]
	never_looked "$leader" "$since"
	lab_kill 4
	lab_kill 5
	lab_wait_leader 1 2 3
	lab_kill "$leader"
	lab_until "two of five lead nothing" lab_is_state "$(others "$leader" 1 2 3 | head -n 1)" looking
}

@test "3 to 5: the files come in any order" {
	lab_group 5 "" 1 2 3
	leader=$(lab_wait_leader 1 2 3)
	since=$(said "$leader")
	mapfile -t order < <(shuf -i 1-5)
	echo "# order: ${order[*]}" >&3
	change 2 1 2 3 4 5 -- "${order[@]}"
	[ "$(lab_wait_leader 1 2 3 4 5)" = "$leader" ]
	never_looked "$leader" "$since"
}

@test "3 to 5: restarts instead of reloads, one server after the other" {
	lab_group 5 "" 1 2 3
	for id in 1 2 3; do
		lab_stop "$id"
		lab_list "$id" 2 1 2 3 4 5
		lab_start "$id"
		lab_wait_leader 1 2 3
	done
	change 2 1 2 3 4 5 -- 4 5
	lab_wait_members 2 1 2 3
	lab_wait_leader 1 2 3 4 5
	lab_kill 1
	lab_kill 2
	lab_wait_leader 3 4 5
}

@test "a joiner that never comes: named by the leader, which stays; the change is taken back" {
	lab_group 5 "" 1 2 3
	leader=$(lab_wait_leader 1 2 3)
	since=$(said "$leader")
	before=$(epoch "$leader")
	for id in 1 2 3 4; do
		lab_give "$id" 2 1 2 3 4 5
	done
	lab_until "the leader names server 5" lab_members "$leader" \
		'.version == 1 and .wished == 2 and .state == "waits-join" and .missing == [5]'
	run -0 lab_conclave "$leader" members
	[[ "$output" == *"members 2 wait for server 5, which has not joined; still members 1"* ]]
	run -2 lab_conclave "$leader" wait --members 2 --timeout 0
	[ "$(epoch "$leader")" = "$before" ]
	never_looked "$leader" "$since"
	change 3 1 2 3 4 -- 4 1 2 3
	[ "$(lab_wait_leader 1 2 3 4)" = "$leader" ]
	never_looked "$leader" "$since"
}

@test "5 to 3, the leader among the removed: another leads, and who was removed may be stopped" {
	lab_group 5 "" 1 2 3 4 5
	leader=$(lab_wait_leader)
	gone=$(others "$leader" 1 2 3 4 5 | head -n 1)
	# shellcheck disable=SC2046 # ids
	mapfile -t stay < <(others "$gone" $(others "$leader" 1 2 3 4 5))
	change 2 "${stay[@]}" -- "$leader" "$gone" "${stay[@]}"
	for id in "$leader" "$gone"; do
		lab_until "server $id says that it may be stopped" lab_members "$id" '.state == "removed"'
	done
	lab_wait_leader "${stay[@]}"
	for id in "$leader" "$gone"; do
		lab_stop "$id"
	done
	counts_of_three "${stay[@]}"
}

@test "from one to three and back to one" {
	lab_group 3 "" 1
	[ "$(lab_wait_leader 1)" = 1 ]
	since=$(said 1)
	change 2 1 2 3 -- 1 2 3
	[ "$(lab_wait_leader 1 2 3)" = 1 ]
	never_looked 1 "$since"
	change 3 2 -- 3 2 1
	lab_until "server 1 says that it may be stopped" lab_members 1 '.state == "removed"'
	lab_until "server 3 says that it may be stopped" lab_members 3 '.state == "removed"'
	lab_stop 1
	lab_stop 3
	[ "$(lab_wait_leader 2)" = 2 ]
}

@test "a server that was removed comes back with its disk, among others than it knows" {
	lab_group 4 "" 1 2 3
	lab_wait_leader
	change 2 2 3 -- 3 2 1
	lab_until "server 1 says that it may be stopped" lab_members 1 '.state == "removed"'
	lab_stop 1
	change 3 2 -- 2 3
	lab_kill 3
	change 4 2 4 -- 4 2
	change 5 1 2 3 4 -- 1 2 3 4
	lab_kill 2
	lab_wait_leader 1 3 4
}

@test "a server that slept through two changes comes back in the place of a leader that it does not know" {
	lab_group 4 "" 1 2 3
	lab_wait_leader
	change 2 2 3 -- 1 2 3
	lab_until "server 1 says that it may be stopped" lab_members 1 '.state == "removed"'
	lab_kill 1
	change 3 2 4 -- 2 3 4
	lab_kill 3
	lab_kill 2
	lab_start 2
	[ "$(lab_wait_leader 2 4)" = 4 ]
	change 4 1 2 -- 1 2 4
	lab_until "server 4 says that it may be stopped" lab_members 4 '.state == "removed"'
	lab_stop 4
	lab_wait_leader 1 2
}

@test "two of five are replaced by two others, in one change" {
	lab_group 7 "" 1 2 3 4 5
	leader=$(lab_wait_leader 1 2 3 4 5)
	mapfile -t rest < <(others "$leader" 1 2 3 4 5)
	change 2 "$leader" "${rest[@]:2}" 6 7 -- 6 "${rest[@]}" 7 "$leader"
	[ "$(lab_wait_leader "$leader" "${rest[@]:2}" 6 7)" = "$leader" ]
	for id in "${rest[@]:0:2}"; do
		lab_until "server $id says that it may be stopped" lab_members "$id" '.state == "removed"'
		lab_stop "$id"
	done
	lab_kill "$leader"
	lab_kill "${rest[2]}"
	lab_wait_leader "${rest[3]}" 6 7
}

@test "weights and groups change" {
	lab_group 3 "" 1 2 3
	lab_wait_leader
	change 2 1:group=1:weight=3 2:group=1 3:group=1 -- 2 3 1
	lab_kill 2
	lab_kill 3
	[ "$(lab_wait_leader 1)" = 1 ] # three of five
	lab_start 2
	lab_start 3
	lab_wait_leader 1 2 3
	change 3 1 2 3 -- 1 3 2
	leader=$(lab_wait_leader 1 2 3)
	lab_kill 1
	lab_wait_leader 2 3
	lab_kill 2
	lab_until "one of three leads nothing" lab_is_state 3 looking
}

@test "an observer becomes a voter and an observer again" {
	lab_group 4 "" 1 2 3 4:observer
	leader=$(lab_wait_leader 1 2 3)
	lab_until "server 4 observes" lab_is_state 4 observing
	change 2 1 2 3 4 -- 4 1 2 3
	lab_until "server 4 follows" lab_is_state 4 following
	lab_kill "$(others "$leader" 1 2 3 | head -n 1)"
	[ "$(lab_wait_leader)" = "$leader" ] # three of four
	lab_start "$(others "$leader" 1 2 3 | head -n 1)"
	lab_wait_leader
	change 3 1 2 3 4:observer -- 1 2 3 4
	lab_until "server 4 observes" lab_is_state 4 observing
	lab_kill 4
	counts_of_three 1 2 3
}

# health_says ID TEXT
health_says() {
	lab_conclave "$1" health | grep -qF -- "$2"
}

@test "a wiped disk is taken in again by itself, and counts for nothing where no quorum stands without it" {
	lab_group 3 "" 1 2 3
	leader=$(lab_wait_leader)
	mapfile -t rest < <(others "$leader" 1 2 3)
	wiped=${rest[0]} other=${rest[1]}
	before=$(lab_instance "$wiped")
	lab_kill "$wiped"
	rm -r "$LAB/$wiped/data"
	since=$(lab_now_ms)
	lab_start "$wiped"
	lab_until "the leader's record has the new disk" lab_has_disk "$leader" "$wiped"
	echo "# taken in again $(($(lab_now_ms) - since)) ms after its start" >&3
	[ "$(lab_instance "$wiped")" != "$before" ]
	lab_wait_members 1 1 2 3
	[ "$(lab_wait_leader)" = "$leader" ]
	lab_until "server $wiped is well" lab_conclave "$wiped" health
	# it counts again: with it alone the leader has a quorum
	lab_kill "$other"
	[ "$(lab_wait_leader "$leader" "$wiped")" = "$leader" ]
	# and now not: the other comes back only later
	lab_kill "$leader"
	lab_kill "$wiped"
	rm -r "$LAB/$wiped/data"
	lab_start "$leader"
	lab_start "$wiped"
	lab_until "server $leader says who is missing" health_says "$leader" "server $wiped has a new disk and waits: no quorum without it; missing $other"
	lab_until "server $wiped says the same" health_says "$wiped" "server $wiped has a new disk and waits: no quorum without it; missing $other"
	lab_is_state "$leader" looking
	lab_is_state "$wiped" looking
	lab_start "$other"
	lab_wait_leader 1 2 3
	lab_wait_members 1 1 2 3
}

@test "two disks of three are lost: nobody leads, health says what to do; refound on all founds anew, above the old epoch" {
	lab_group 3 "" 1 2 3
	before=$(epoch "$(lab_wait_leader)")
	for id in 1 2 3; do
		lab_until "server $id has its role" lab_one_leader 1 2 3
		run -1 lab_conclave "$id" refound --yes
		[[ "$output" == *"refound: refused: a leader is established, so the group is not lost: "* ]]
	done
	for id in 1 2 3; do
		lab_kill "$id"
	done
	rm -r "$LAB/2/data" "$LAB/3/data"
	for id in 1 2 3; do
		lab_start "$id"
	done
	lab_until "health says what to do" health_says 1 "conclave refound"
	for id in 1 2 3; do
		lab_is_state "$id" looking
		lab_give "$id" 2 1 2 3
	done
	for id in 1 2; do
		run -0 lab_conclave "$id" refound --yes
	done
	lab_until "all wait for the third" eval 'health_says 1 "founding: waits for server 3" || health_says 2 "founding: waits for server 3"'
	run -0 lab_conclave 3 refound --yes
	leader=$(lab_wait_leader)
	lab_wait_members 2 1 2 3
	[ "$(epoch "$leader")" -gt "$before" ]
	counts_of_three 1 2 3
}

@test "a server moves to another address, with its disk and with an empty one, under the same version" {
	lab_group 3 "" 1 2 3
	lab_wait_leader
	port=$((LAB_PORT + 40))
	for moved in 3 1; do # one of them is the leader
		list=()
		for id in 1 2 3; do
			[ "$id" -lt "$moved" ] && [ "$moved" = 3 ] && list+=("$id") || list+=("$id:port=$((port + 2 * id))")
		done
		[ "$moved" != 1 ] || list[1]=2
		lab_stop "$moved"
		[ "$moved" = 3 ] || rm -r "$LAB/$moved/data"
		for id in 1 2 3; do
			[ "$id" = "$moved" ] || lab_give "$id" 1 "${list[@]}"
		done
		lab_give "$moved" 1 "${list[@]}"
		lab_wait_leader 1 2 3
		lab_wait_members 1 1 2 3
		[ -n "$(ss -Hltn "sport = :$((port + 2 * moved))")" ]
		lab_until "nobody is sick" lab_conclave "$(lab_wait_leader)" health
	done
	counts_of_three 1 2 3
}

@test "refused: other members under the same version; where two files of one version differ, that is said, and the leader has one" {
	lab_group 5 "" 1 2 3
	leader=$(lab_wait_leader)
	mapfile -t rest < <(others "$leader" 1 2 3)
	lab_list 1 1 1 2 3 4
	run -1 lab_conclave 1 reload
	[[ "$output" == *"version = 2"* ]]
	lab_members 1 '.version == 1 and .state == "in-force"'
	lab_stop "${rest[0]}"
	lab_give "${rest[0]}" 2 1 2 3 5
	lab_wait_leader 1 2 3
	lab_give "$leader" 2 1 2 3 4
	lab_give 4 2 1 2 3 4
	lab_wait_members 2 1 2 3 4 # what the leader's file says
	lab_until "the leader names the other file" lab_members "$leader" '.state == "two-files" and .other == '"${rest[0]}"
	lab_members "$leader" '[.record.new.servers[].id] == [1, 2, 3, 4]'
	[ "$(lab_wait_leader 1 2 3 4)" = "$leader" ]
	change 3 1 2 3 4 -- 1 2 3 4
	lab_until "nothing is to be said" lab_members "$leader" '.state == "in-force"'
}

@test "wait --members: when it is in force here, not before; newer ones end the wait" {
	lab_group 4 "" 1 2 3
	leader=$(lab_wait_leader)
	lab_conclave "$leader" wait --members 2 --timeout $((LAB_DEADLINE_MS / 1000)) >"$LAB/waited" 2>&1 3>&- &
	waiter=$!
	for id in 1 2 3; do
		lab_give "$id" 2 1 2 3 4
	done
	lab_until "it waits for server 4" lab_members "$leader" '.state == "waits-join"'
	kill -0 "$waiter"
	lab_give 4 2 1 2 3 4
	wait "$waiter"
	lab_members "$leader" '.version == 2 and (.joint | not) and .record.old == null'
	run -1 lab_conclave "$leader" wait --members 1
	[[ "$output" == *"members 2 are in force, which are newer"* ]]
}
