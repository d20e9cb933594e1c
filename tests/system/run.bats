#!/usr/bin/env bats
# conclave run: a command that lives in the lease only. The leases are those of leasedoor.py, so that
# each can end when the test wants it.

bats_require_minimum_version 1.5.0

CONCLAVE_BIN=${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}

setup() {
	LAB=$(mktemp -d /tmp/conclave-run-XXXXXX)
	mkdir "$LAB/run" "$LAB/data"
	cat >"$LAB/conclave.conf" <<-END
		id = 3; run_dir = "$LAB/run"; data_dir = "$LAB/data"; rights = "off"; lease_ms = ${LEASE_MS:-1000};
		servers = ( { id = 3; host = "127.0.0.1"; quorum_port = 2888; election_port = 3888; } );
	END
	peer=$LAB/run/peer
	RUNNER=
	python3 "$BATS_TEST_DIRNAME/leasedoor.py" "$LAB/run" "${LEASE_MS:-1000}" 3>&- &
	DOOR=$!
	until_is "the door is there" test -S "$peer/door"
}

teardown() {
	local pid
	for pid in $DOOR $RUNNER $(beats_pids); do
		kill -CONT "$pid" 2>/dev/null || true
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$LAB"
}

until_is() { # WHAT CMD…
	local what=$1 i
	shift
	for ((i = 0; i < 1000; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.03
	done
	echo "never: $what" >&2
	head -50 "$LAB/err" "$peer/said" >&2
	return 1
}

lead() {
	echo "$1" >"$peer/lead.new"
	mv "$peer/lead.new" "$peer/lead"
}

no_lease() {
	: >"$peer/free"
	until_is "there is no lease" test ! -e "$peer/free"
}

runs() { # ARG…: conclave run, in the background
	"$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run "$@" >"$LAB/out" 2>"$LAB/err" 3>&- &
	RUNNER=$!
}

ended() { # STATUS: the runner has ended with it, or one of 75|137
	local status=0
	wait "$RUNNER" || status=$?
	RUNNER=
	[[ "|$1|" = *"|$status|"* ]] || { echo "status $status, not $1: $(cat "$LAB/err")" >&2; return 1; }
}

beats_pids() { # of the command of this test, and what it started
	pgrep -f "beat $LAB" || true
}

no_beats() {
	[ -z "$(beats_pids)" ]
}

# A command that writes a line now and then, and has a child in a session of its own that does so too.
beat() {
	cat >"$LAB/beat.sh" <<-END
		: beat $LAB
		$1
		echo "\$CONCLAVE_ID \$CONCLAVE_EPOCH" >>$LAB/started
		setsid bash -c 'trap "" TERM HUP; while :; do echo b >>$LAB/beats; sleep 0.01; done; : beat $LAB' &
		while :; do sleep 0.01; done
	END
}

beating() {
	[ -s "$LAB/beats" ]
}

beats() { # how many there were
	wc -l <"$LAB/beats"
}

beats_more() { # THAN: by more than a lease is long
	[ "$(beats)" -gt $(($1 + 300)) ]
}

guard_pid() {
	pgrep -P "$RUNNER" -x conclave-guard
}

@test "the exit status is that of the command, or says why there was none" {
	run -64 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run
	run -64 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --grace never -- true
	run -64 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --unit a.service -- true
	run -64 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within house -- true
	run -78 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --warn 500ms -- true
	[[ "$output" == *"a lease of 1000 ms (lease_ms) has as little as 550 ms left"*"need 550 ms"* ]]
	for key in 'lease = "off"' 'zab = false'; do
		{ cat "$LAB/conclave.conf"; echo "$key;"; } >"$LAB/none.conf"
		run -78 "$CONCLAVE_BIN/conclave" -c "$LAB/none.conf" run -- true
		[[ "$output" == *"there are no leases with $key"* ]]
	done
	[ ! -s "$peer/said" ]
	echo '{"error":"no right"}' >"$peer/refuse"
	run -77 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --again -- true
	rm "$peer/refuse"
	lead 7
	for kind in cgroup pids tree; do
		run -0 --separate-stderr "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within $kind -- \
			bash -c 'cat; echo "$CONCLAVE_ID $CONCLAVE_EPOCH $#"; head -c 8 <&$CONCLAVE_LEASE_FD' - a b <<<in
		[ "$output" = "$(printf 'in\n3 7 2\nCCpage01')" ]
		run -143 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within $kind -- bash -c 'kill -TERM $BASHPID; sleep 9'
		[[ "$output" == *"the command was ended by signal 15 (Terminated)"* ]]
		run -137 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within $kind -- bash -c 'exit 137'
		[[ "$output" != *"ended by signal"* ]]
		run -127 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within $kind -- "$LAB/none"
		run -126 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --within $kind -- "$LAB/conclave.conf"
	done
	rm "$peer/lead"
	no_lease
	run -75 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --wait 100ms -- true
	kill -9 "$DOOR"
	rm "$peer/door"
	run -69 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run -- true
}

@test "a unit that systemd does not know, or no systemd: it says so, and holds nothing" {
	run -69 "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run --unit conclave-no-such-unit.service
	[[ "$output" == *"run: --unit conclave-no-such-unit.service: system"* ]]
	[ ! -s "$peer/said" ]
}

@test "it waits for the lease, and all is killed before the lease ends" {
	beat
	for kind in cgroup pids tree; do
		rm -f "$LAB/beats" "$LAB/started" "$peer/lead"
		: >"$peer/said"
		no_lease # what is left of the one before would do
		runs --within $kind -- bash "$LAB/beat.sh"
		until_is "it holds" grep -q '^hold bash' "$peer/said"
		[ ! -e "$LAB/started" ]
		lead 9
		until_is "it beats" beating
		[ "$(cat "$LAB/started")" = "3 9" ]
		rm "$peer/lead"
		ended 75
		no_beats
		grep -q '^let go' "$peer/said"
	done
}

@test "asked to stop it has its grace, and the hold is let go when all is dead" {
	for kind in cgroup pids tree; do
		rm -f "$LAB/beats" "$LAB/started"
		: >"$peer/said"
		beat "trap 'echo asked >>$LAB/asked; sleep 1; exit 0' TERM"
		lead 5
		runs --within $kind -- bash "$LAB/beat.sh"
		until_is "it beats" beating
		echo step-down >"$peer/stop"
		until_is "it was asked" test -s "$LAB/asked"
		! grep '^let go' "$peer/said"
		[ -n "$(beats_pids)" ]
		ended 75
		no_beats
		grep -q '^let go' "$peer/said"
		rm -f "$LAB/beats" "$LAB/asked"
		beat "trap '' TERM"
		runs --within $kind --grace 300ms -- bash "$LAB/beat.sh"
		until_is "it beats" beating
		kill -TERM "$RUNNER"
		ended 137
		no_beats
	done
}

@test "with --again each term has its own command; a lost one is never let go before all is dead" {
	beat
	lead 5
	runs --again -- bash "$LAB/beat.sh"
	until_is "it beats" beating
	rm "$peer/lead"
	until_is "it holds again" eval '[ "$(grep -c "^hold" "$peer/said")" = 2 ]'
	no_beats
	rm "$LAB/beats"
	lead 6
	until_is "it beats again" beating
	rm "$peer/lead"
	until_is "it holds once more" eval '[ "$(grep -c "^hold" "$peer/said")" = 3 ]'
	lead 7
	until_is "it was started again" eval '[ "$(tail -n 1 "$LAB/started")" = "3 7" ]'
	kill -TERM "$RUNNER"
	ended 143
	no_beats
	run -0 uniq "$LAB/started" # a machine that stood still ends a lease, too
	[ "$output" = "$(printf "3 5\n3 6\n3 7")" ]
}

@test "it runs on where the epoch grows under the same leader" {
	beat
	lead 5
	runs -- bash "$LAB/beat.sh"
	until_is "it beats" beating
	pids=$(beats_pids)
	lead 6
	until_is "it beats on" beats_more "$(beats)"
	[ "$(beats_pids)" = "$pids" ]
	kill -TERM "$RUNNER"
	ended 143
	no_beats
}

@test "it runs on where the epoch grows while the runner is stopped" {
	beat
	lead 5
	runs -- bash "$LAB/beat.sh"
	until_is "it beats" beating
	pids=$(beats_pids)
	kill -STOP "$RUNNER"
	for epoch in 6 7; do
		lead $epoch
		until_is "it beats on" beats_more "$(beats)"
	done
	kill -CONT "$RUNNER"
	until_is "it beats on with both" beats_more "$(beats)"
	[ "$(beats_pids)" = "$pids" ]
	kill -TERM "$RUNNER"
	ended 143
	no_beats
}

@test "runner and guard watch each other, and a stopped one changes nothing" {
	beat
	for kind in cgroup pids tree; do
		lead 5
		rm -f "$LAB/beats"
		runs --within $kind -- bash "$LAB/beat.sh"
		until_is "it beats" beating
		kill -KILL "$RUNNER"
		until_is "all is dead" no_beats
		ended 137
		grep -q ^gone "$peer/said"

		rm -f "$LAB/beats"
		runs --within $kind -- bash "$LAB/beat.sh"
		until_is "it beats" beating
		kill -KILL "$(guard_pid)"
		ended 137
		no_beats

		for who in RUNNER guard; do
			lead 6
			rm -f "$LAB/beats"
			runs --within $kind -- bash "$LAB/beat.sh"
			until_is "it beats" beating
			if [ $who = guard ]; then who=$(guard_pid); else who=$RUNNER; fi
			kill -STOP "$who"
			rm "$peer/lead"
			until_is "all is dead" no_beats
			if [ "$who" = "$RUNNER" ]; then
				kill -CONT "$who"
				ended 75
			else
				ended '75|137' # it may have ended at a lease before, which was renewed
			fi
		done
	done
}

@test "a user that is not root has a command of its own" {
	[ "$UID" = 0 ] || skip "only root can be another user"
	chmod -R a+rwX "$LAB"
	beat
	lead 5
	runs -- true
	ended 0
	setpriv --reuid=nobody --clear-groups "$CONCLAVE_BIN/conclave" -c "$LAB/conclave.conf" run -- bash "$LAB/beat.sh" 2>"$LAB/err" 3>&- &
	RUNNER=$!
	until_is "it beats" beating
	rm "$peer/lead"
	ended 75
	no_beats
	grep -q 'the tree of its processes' "$LAB/err"
}

@test "runner and guard are stopped together, and the command does not outlive the lease" {
	for kind in cgroup pids tree; do
		lead 5
		rm -f "$LAB/beats"
		beat
		runs --within $kind -- bash "$LAB/beat.sh"
		until_is "it beats" beating
		kill -STOP "$(guard_pid)" "$RUNNER"
		rm "$peer/lead"
		if [ $kind = pids ]; then
			until_is "all is dead" no_beats
		else
			until_is "its first process is dead" eval '! pgrep -f "$LAB/beat.sh" | grep -vx "$RUNNER"'
		fi
		kill -CONT "$RUNNER"
		ended '75|137'
		no_beats
	done
}
