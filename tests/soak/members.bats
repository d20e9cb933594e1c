#!/usr/bin/env bats
# Random changes of members with servers killed at any moment, and random losses of a minority of the disks. LAB_SEQUENCES
# and LAB_HISTORIES: how many; LAB_SEED: the first of their seeds. A failure names its seed.

load ../system/lab
load ../system/lab_members

teardown() {
	lab_down
}

# begin SEED
begin() {
	echo "seed $1"
	RANDOM=$1
}

# end: of one seed; what its servers said is looked at
end() {
	led_once
	BATS_TEST_COMPLETED=1 lab_down
	exec {LAB_LOCK}>&-
	LAB=
}

# led_once: no server was established twice in one epoch, with something else in between. One that is killed and
# started again at once resumes its term (R7): it discovers nobody meanwhile.
led_once() {
	local broken
	broken=$(jq -nrR '[inputs | fromjson? | select(.event == "state" and .state != "down" and
			(.state != "looking" or .phase == "discovery"))] | group_by(.id)[] |
		[.[] | {id, epoch: (if .state == "leading" and .active then .epoch else null end)}] | . as $said |
		[range(length) | select($said[.].epoch != null and (. == 0 or $said[. - 1].epoch != $said[.].epoch)) | $said[.]] |
		group_by(.epoch)[] | select(length > 1) | "server \(.[0].id) led epoch \(.[0].epoch) \(length) times"' "$LAB"/*/events)
	[ -z "$broken" ] || {
		echo "$broken" >&2
		return 1
	}
}

# draw N: 0 … N - 1, in REPLY
draw() {
	REPLY=$((RANDOM % $1))
}

# shuffle WORD…: into SHUFFLED
shuffle() {
	local i word
	SHUFFLED=("$@")
	for ((i = $# - 1; i > 0; i--)); do
		draw $((i + 1))
		word=${SHUFFLED[i]}
		SHUFFLED[i]=${SHUFFLED[REPLY]}
		SHUFFLED[REPLY]=$word
	done
}

# sometimes_kill ID…: one of those that run, or none; it is started again at once, or by start_all
sometimes_kill() {
	local id
	draw 3
	[ "$REPLY" = 0 ] || return 0
	draw $#
	shift "$REPLY"
	id=$1
	lab_runs "$id" || return 0
	echo "kill $id"
	lab_kill "$id"
	draw 2
	[ "$REPLY" = 0 ] || lab_start "$id"
}

# moment: up to 80 ms
moment() {
	draw 9
	read -rt "0.0$REPLY" -u "$LAB_NAP" || true
}

start_all() {
	local id
	for id; do
		lab_runs "$id" || lab_start "$id"
	done
}

# next_members PRESENT…: another list, in MEMBERS, and its voters, in VOTERS: 1 to 5 of six, one of them a present member
# (it tells the others where the leader is); weights now and then, and an observer
next_members() {
	local count weights=0 id
	draw 5
	count=$((REPLY + 1))
	shuffle "$@"
	set -- "${SHUFFLED[0]}"
	mapfile -t VOTERS < <(printf '%s\n' 1 2 3 4 5 6 | grep -vx "$1")
	shuffle "${VOTERS[@]}"
	VOTERS=("$1" "${SHUFFLED[@]:0:count-1}")
	MEMBERS=()
	draw 4
	[ "$REPLY" != 0 ] || weights=1
	for id in "${VOTERS[@]}"; do
		draw 3
		[ $weights = 0 ] && MEMBERS+=("$id") || MEMBERS+=("$id:group=1:weight=$((REPLY + 1))")
	done
	draw 3
	if [ "$REPLY" = 0 ] && [ "$count" -gt 1 ]; then
		MEMBERS+=("${SHUFFLED[count - 1]}:observer")
	fi
}

@test "random sequences of changes, with servers killed at any moment" {
	local first=${LAB_SEED:-1} seed version all members voters
	for ((seed = first; seed < first + ${LAB_SEQUENCES:-200}; seed++)); do
		begin "$seed"
		next_members 1 2 3 4 5 6
		lab_group 6 "" "${MEMBERS[@]}"
		members=("${MEMBERS[@]%%:*}") voters=("${VOTERS[@]}")
		for version in 2 3 4; do
			next_members "${voters[@]}"
			echo "members $version: ${MEMBERS[*]}"
			mapfile -t all < <(printf '%s\n' "${members[@]}" "${MEMBERS[@]%%:*}" | sort -u)
			shuffle "${all[@]}"
			all=("${SHUFFLED[@]}")
			for id in "${all[@]}"; do
				sometimes_kill "${all[@]}"
				moment
				lab_list "$id" "$version" "${MEMBERS[@]}"
				if lab_runs "$id"; then
					lab_until "server $id takes the file" lab_conclave "$id" reload
				else
					lab_start "$id"
				fi
			done
			for _ in 1 2 3; do
				moment
				sometimes_kill "${all[@]}"
			done
			start_all "${all[@]}"
			members=("${MEMBERS[@]%%:*}") voters=("${VOTERS[@]}")
			lab_wait_members "$version" "${members[@]}"
			for id in "${all[@]}"; do
				[[ " ${members[*]} " != *" $id "* ]] || continue
				lab_kill "$id"
				draw 2
				[ "$REPLY" = 0 ] || rm -r "$LAB/$id/data"
			done
		done
		lab_wait_leader "${VOTERS[@]}"
		end
	done
}

# lose ID: its disk: nothing is left, an old copy is put back, or the disk that it had before the present one
lose() {
	local id=$1
	lab_runs "$id" && lab_kill "$id"
	draw 4
	if [ "$REPLY" = 0 ] && [ -d "$LAB/copy-$id" ]; then
		echo "restore $id"
		rm -r "$LAB/$id/data"
		cp -a "$LAB/copy-$id" "$LAB/$id/data"
	elif [ "$REPLY" = 1 ] && [ -d "$LAB/old-$id" ]; then
		echo "old disk $id"
		rm -r "$LAB/$id/data"
		mv "$LAB/old-$id" "$LAB/$id/data"
	else
		echo "wipe $id"
		rm -rf "$LAB/old-$id"
		mv "$LAB/$id/data" "$LAB/old-$id"
	fi
}

# all_have_all ID…: each record has the disk that each of them has now
all_have_all() {
	local id
	for id; do
		lab_has_disk "$id" "$@" || return 1
	done
}

@test "random losses of a minority of the disks: no epoch is given out twice" {
	local first=${LAB_SEED:-1} seed count all lost rest
	for ((seed = first; seed < first + ${LAB_HISTORIES:-500}; seed++)); do
		begin "$seed"
		draw 3
		count=$((REPLY == 0 ? 5 : 3))
		mapfile -t all < <(seq "$count")
		lab_group "$count" "" "${all[@]}"
		for _ in 1 2 3; do
			draw "$count"
			rm -rf "$LAB/copy-$((REPLY + 1))"
			cp -a "$LAB/$((REPLY + 1))/data" "$LAB/copy-$((REPLY + 1))"
			shuffle "${all[@]}"
			draw $((count / 2))
			lost=("${SHUFFLED[@]:0:REPLY+1}")
			rest=("${SHUFFLED[@]:REPLY+1}")
			sometimes_kill "${rest[@]}"
			for id in "${lost[@]}"; do
				lose "$id"
				moment
				sometimes_kill "${rest[@]}"
				lab_start "$id"
			done
			moment
			sometimes_kill "${all[@]}"
			start_all "${all[@]}"
			lab_wait_leader "${all[@]}"
			lab_until "all are taken in again" all_have_all "${all[@]}"
		done
		end
	done
}
