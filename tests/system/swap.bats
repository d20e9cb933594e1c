#!/usr/bin/env bats
# Electors are swapped while the servers run. Leader, epoch and round stay; lab_down asserts over all
# events what must always hold.

load lab
load lab_swap

teardown() {
	lab_down
}

# A healthy worker may stand still for 3 s on a busy machine before it counts as hung.
TIMES='supervisor = { probation_ms = 60000; watchdog_ms = 3000; ready_ms = 3000; restart_reset_ms = 100; };'
TIMES=${TIMES/ready_ms = 3000/ready_ms = ${LAB_SLOW:+3}3000}

# Starts servers with a leader; $program is a copy of the elector, as somebody could install it.
swap_up() {
	lab_up "$1" "$TIMES ${2:-}"
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	mkdir "$LAB/new"
	program=$LAB/new/elector
	cp "$CONCLAVE_BIN/conclave-elector" "$program"
}

phase() {
	lab_conclave "$1" swap --status --json | jq -re .phase
}

is_phase() {
	[ "$(phase "$1")" = "$2" ]
}

@test "a new elector takes the place of the old one, is accepted, and is started again after that" {
	swap_up 3
	run -0 lab_conclave "$leader" swap elector "$program"
	[[ $output == "elector e2 is in use, $program, version "* ]]
	lab_until "the other elector has ended" in_use "$leader" e2
	is_phase "$leader" probation
	record "$leader" | grep -qx 'accepted no'
	record "$leader" | grep -qx 'before main'
	same_leader
	# a follower's too, by the command's other form
	follower=$((leader % 3 + 1))
	cd "$LAB/new"
	run -0 lab_conclave "$follower" swap --json elector ./elector
	[ "$(jq -r '"\(.ok) \(.program.name) \(.program.path)"' <<<"$output")" = "true e2 $program" ]
	same_leader
	old=$(lab_pid "$leader" connmgr)
	kill -9 "$old"
	lab_until "connmgr is back" lab_replaced "$leader" connmgr "$old"
	lab_until "e2 is in use" in_use "$leader" e2
}

@test "probation ends, and a new elector that dies after it is started again" {
	swap_up 1 'log_level = "debug";'
	lab_stop 1
	sed -i 's/probation_ms = 60000/probation_ms = 100/' "$LAB/1/conclave.conf"
	lab_start 1
	lab_wait_leader
	run -0 lab_conclave 1 swap elector "$program"
	lab_until "it is accepted" is_phase 1 idle
	! record 1 | grep -q accepted || return 1
	old=$(lab_pid 1 elector)
	kill -9 "$old"
	lab_until "it is back" lab_replaced 1 elector "$old"
	lab_until "the other elector has ended" in_use 1 "$(record 1 | sed -n 's/^name //p')"
	! record 1 | grep -qx 'name main' || return 1
}

@test "--undo takes it back, in the probation and after it" {
	swap_up 3
	run -1 lab_conclave "$leader" swap --undo
	[[ $output == *"there is no program to go back to"* ]]
	run -0 lab_conclave "$leader" swap elector "$program"
	run -1 lab_conclave "$leader" restart elector
	[[ $output == *"in its probation"* ]]
	run -0 lab_conclave "$leader" swap --undo
	[[ $output == "elector main is in use"* ]]
	lab_until "the other elector has ended" in_use "$leader" main
	is_phase "$leader" idle
	lab_until "the folder of the other is gone" test ! -e "$LAB/$leader/run/elector-e2"
	run -0 lab_conclave "$leader" swap --undo # and the undoing
	lab_until "the other elector has ended" in_use "$leader" e2
	same_leader
}

@test "what is no elector for this server is refused before anything happens, with the reason" {
	swap_up 1
	old=$(lab_pid 1 elector)
	cp "$program" "$LAB/new/plain" && chmod -x "$LAB/new/plain"
	cp "$program" "$LAB/new/open" && chmod o+w "$LAB/new/open"
	cp "$program" "$LAB/new/foreign"
	printf '\x08' | dd of="$LAB/new/foreign" bs=1 seek=18 conv=notrunc status=none # MIPS
	mkdir "$LAB/new/loose" && cp "$program" "$LAB/new/loose/elector" && chmod o+w "$LAB/new/loose"
	echo 'exit 0' >"$LAB/new/script" && chmod +x "$LAB/new/script"
	while read -r path reason; do
		run -1 lab_conclave 1 swap elector "$path"
		[[ $output == *"$reason"*"the old elector goes on"* ]] || {
			echo "$path: $output"
			return 1
		}
	done <<-END
		$LAB/new/nowhere No such file
		$LAB/new is no file
		$LAB/new/plain not executable
		$LAB/new/open writable by others
		$LAB/new/loose/elector writable by others
		$LAB/new/foreign another architecture
		$LAB/new/script is no program
		/bin/true it is no elector
		$CONCLAVE_BIN/conclave-peer it calls itself conclave-peer
	END
	[ "$(lab_pid 1 elector)" = "$old" ]
	for words in "swap" "swap peer /x" "swap elector" "swap --undo elector /x" "swap elector /x --shadow soon" \
		"swap elector /x --shadow -1s" "swap --what"; do
		# shellcheck disable=SC2086
		run -64 lab_conclave 1 $words
	done
}

@test "a new elector that dies or hangs in its probation: the old program is back" {
	swap_up 3
	for signal in KILL STOP; do
		run -0 lab_conclave "$leader" swap elector "$program"
		new=$(lab_pid "$leader" elector)
		kill -"$signal" "$new"
		lab_until "main is back" in_use "$leader" main
		lab_gone "$new"
		run -0 lab_conclave "$leader" swap --status
		[[ $output == *"reason "*"it ended:"* ]]
		run -1 lab_conclave "$leader" swap --undo # not to the one that failed
		same_leader
	done
}

@test "an old elector that dies or is stopped while the new one is compared: the swap goes on" {
	swap_up 3
	for signal in KILL STOP; do
		old=$(lab_pid "$leader" elector)
		lab_conclave "$leader" swap elector "$program" --shadow 4s >"$LAB/said" 2>&1 &
		asker=$!
		lab_until "it is compared" is_phase "$leader" shadowing
		kill -"$signal" "$old"
		wait "$asker"
		grep -q 'is in use' "$LAB/said"
		lab_until "the old one is gone" lab_gone "$old"
		run -0 lab_conclave "$leader" swap --undo
		same_leader
	done
}

@test "connmgr dies while a candidate is compared: it attaches again, and is promoted" {
	swap_up 3
	follower=$((leader % 3 + 1))
	lab_conclave "$follower" swap elector "$program" --shadow 4s >"$LAB/said" 2>&1 &
	asker=$!
	lab_until "it is compared" is_phase "$follower" shadowing
	kill -9 "$(lab_pid "$follower" connmgr)"
	wait "$asker"
	grep -q 'is in use' "$LAB/said"
	lab_until "e2 is in use" in_use "$follower" e2
	same_leader
}

@test "conclaved dies in a probation: its successor starts the same program, on probation anew" {
	swap_up 3
	follower=$((leader % 3 + 1))
	run -0 lab_conclave "$follower" swap elector "$program"
	lab_kill "$follower"
	lab_start "$follower"
	lab_until "e2 is in use" in_use "$follower" e2
	is_phase "$follower" probation
	kill -9 "$(lab_pid "$follower" elector)"
	lab_until "main is back" in_use "$follower" main
	same_leader
}

@test "a swap while there is no leader, and in the middle of an election" {
	swap_up 3
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || lab_kill "$id"
	done
	lab_until "it looks" lab_is_state "$leader" looking
	run -0 lab_conclave "$leader" swap elector "$program"
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || lab_start "$id"
	done
	run -0 lab_conclave "$leader" swap --undo
	lab_wait_leader
	lab_until "the other elector has ended" in_use "$leader" main
}

@test "a second swap in a probation accepts the one before, not if it is refused; a third beside it is turned away" {
	swap_up 3
	run -0 lab_conclave "$leader" swap elector "$program"
	# the program is refused: the probation goes on
	run -1 lab_conclave "$leader" swap elector /bin/true
	run -1 lab_conclave "$leader" swap elector "$LAB/new/nothing"
	is_phase "$leader" probation
	record "$leader" | grep -qx "accepted no"
	lab_conclave "$leader" swap elector "$program" --shadow 4s >"$LAB/said" 2>&1 &
	asker=$!
	lab_until "it is compared" is_phase "$leader" shadowing
	run -1 lab_conclave "$leader" swap elector "$program"
	[[ $output == *"another swap is under way"* ]]
	wait "$asker"
	record "$leader" | grep -qx "before e2"
	same_leader
}
