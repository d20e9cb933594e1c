#!/usr/bin/env bats
# What `make run` shows: a leader, in lines or as a table, and nothing left at the end.

load lab

setup() {
	DEMO=$CONCLAVE_BIN/../tests/demo
	[ -x "$DEMO" ] || skip "the demo is not built"
	LAB=$(mktemp -d /tmp/conclave-lab-XXXXXX)
}

teardown() {
	lab_down
}

nothing_left() {
	[ -z "$(lab_processes)" ]
	[ -z "$(find "$LAB" -type s)" ]
}

@test "in lines: the leader, what to try, and an end by itself" {
	run -0 timeout 60 "$DEMO" 3 --for 4 --dir "$LAB"
	[[ "$output" =~ server\ ([1-3])\ \ leading\ +leader\ ([1-3]) ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[[ "$output" == *"Try in another terminal:"*"kill -9 "[1-9]*"conclave -c $LAB/"*" status"* ]]
	[[ "$output" != *$'\033'* ]]
	nothing_left
}

@test "it ends when nobody reads any more" {
	timeout 60 "$DEMO" 1 --dir "$LAB" | head -n 1
	nothing_left
}

@test "another one in the same folder is refused, and the first goes on" {
	timeout 60 "$DEMO" 1 --dir "$LAB" >"$LAB/said" 3>&- &
	first=$!
	lab_until "the first leads" grep -q "leads" "$LAB/said"
	run -1 timeout 60 "$DEMO" 3 --dir "$LAB"
	[[ "$output" == *"another demo runs there"* ]]
	[ -n "$(lab_processes)" ]
	kill "$first"
	wait "$first"
	nothing_left
}

@test "wrong arguments" {
	for bad in 0 8 x "3 --for" "--for 0" "--for x" --nonsense; do
		# shellcheck disable=SC2086 # words
		run -64 "$DEMO" $bad
		[[ "$output" == Usage:* ]]
	done
}

@test "on a terminal: a table in place; ^C ends all of it and gives the terminal back" {
	cat >"$LAB/terminal.py" <<-'END'
		import os, pty, re, select, signal, sys, time

		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], "3", "--dir", sys.argv[2]])
		text, end, interrupted = b"", time.monotonic() + 60, False
		while time.monotonic() < end:
		    if not select.select([fd], [], [], 1)[0]:
		        continue
		    try:
		        got = os.read(fd, 65536)
		    except OSError:
		        break
		    text += got
		    drawn = text[text.rfind(b"SERVER"):]
		    if not interrupted and re.search(rb"leads\. Try", drawn) and drawn.count(b"following") == 2:
		        interrupted = True
		        os.write(fd, b"\x03")
		os.kill(pid, 0)
		status = os.waitpid(pid, 0)[1]
		assert interrupted, text
		assert status == 0, status
		assert b"\x1b[?25l" in text and text.rfind(b"\x1b[?25h") > text.rfind(b"\x1b[?25l"), text
		assert re.search(rb"\x1b\[\d+A", text), text  # redrawn in place
	END
	python3 "$LAB/terminal.py" "$DEMO" "$LAB" 3>&-
	nothing_left
}

@test "a server whose conclaved was killed is shown, and can be started again" {
	timeout 120 "$DEMO" 3 --for 100 --dir "$LAB" >"$LAB/said" 3>&- &
	demo=$!
	lab_until "a leader" grep -q 'Try in another terminal' "$LAB/said"
	leader=$(sed -nE 's/^Server ([0-9]) leads.*/\1/p' "$LAB/said")
	kill -9 "$(sed -nE 's/^ +kill -9 ([0-9]+) .*its conclaved.*/\1/p' "$LAB/said")"
	lab_until "it is shown" grep -q "^Server $leader was ended" "$LAB/said"
	lab_until "it is down" grep -qE "server $leader  down" "$LAB/said"
	command=$(sed -nE 's/^Server .* start it again: (.*)$/\1/p' "$LAB/said")
	$command >/dev/null 2>&1 3>&- &
	lab_until "it is back" lab_conclave "$leader" wait --leader --timeout 5
	pid=$(lab_pid "$leader" conclaved)
	kill -TERM "$demo"
	wait "$demo"
	lab_gone "$pid" # also what we started ourselves
	nothing_left
}
