#!/usr/bin/env bats
# The conclave command where its output goes nowhere: a full disk, a closed descriptor, a reader
# that has gone.

load lab
load lab_odd

teardown() {
	lab_down
}

# unwritten VERB…: of server 1, said once, and 74
unwritten() {
	# shellcheck disable=SC2016 # for the inner shell
	run -74 timeout 20 bash -c '"$@" 2>&1 >/dev/full' - "$CONCLAVE_BIN/conclave" -c "$LAB/1/conclave.conf" "$@" 3>&-
	[ "$output" = "conclave: standard output cannot be written: No space left on device" ]
	# shellcheck disable=SC2016
	run -74 timeout 20 bash -c '"$@" 2>&1 >&-' - "$CONCLAVE_BIN/conclave" -c "$LAB/1/conclave.conf" "$@" 3>&-
	[ "$output" = "conclave: standard output cannot be written: Bad file descriptor" ]
}

# unread STATUS ID VERB…: its reader has gone before, and SIGPIPE does not end it; it is silent
unread() {
	# shellcheck disable=SC2016 # for the inner shell
	run "-$1" timeout 20 bash -c 'trap "" PIPE; exec 4> >(:); wait $!; "$@" >&4 4>&-' - \
		"$CONCLAVE_BIN/conclave" -c "$LAB/$2/conclave.conf" "${@:3}" 3>&-
	[ "$output" = "" ]
}

@test "what cannot be written is said, and 74" {
	lab_up 1
	lab_wait_leader
	port=$(lab_port 1 election)
	for verb in status leader health metrics "claim 7" check "wait --leader --json" "probe 127.0.0.1:$port" \
		"reload --json" "restart elector" "leader nonsense --json" --help --version "leader --help" \
		watch "watch --json" "health --watch" "health --watch --json" "probe --watch 127.0.0.1:$port"; do
		# shellcheck disable=SC2086 # words
		unwritten $verb
	done
}

@test "a reader that has gone is no failure; wait without --json needs none" {
	lab_up 3
	leader=$(lab_wait_leader)
	port=$(lab_port "$leader" election)
	other=$((leader % 3 + 1))
	unread 0 "$leader" status
	unread 1 "$other" leader
	for verb in watch "health --watch" "probe --watch 127.0.0.1:$port"; do
		# shellcheck disable=SC2086 # words
		unread 0 "$leader" $verb
	done
	unread 0 "$leader" wait --leading
	unread 2 "$other" wait --leading --timeout 0.3
	unread 74 "$other" wait --leading --json # nobody would hear of it
}
