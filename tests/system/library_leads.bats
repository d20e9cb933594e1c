#!/usr/bin/env bats
# Programs that lead through libconclave, beside real servers: leader.py is the example in Python.

load lab

setup() {
	export LD_LIBRARY_PATH=$CONCLAVE_BIN/../lib PATH=$CONCLAVE_BIN:$PATH
	! grep -q __asan_init "$LD_LIBRARY_PATH/libconclave.so.0" || skip "python3 cannot load a library with sanitizers"
	EXAMPLES=$BATS_TEST_DIRNAME/../../examples/python
	programs=()
}

teardown() {
	for pid in "${programs[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	lab_down
}

# one at each server; what it says is in $LAB/ID/leads
start_programs() {
	for id in "$@"; do
		python3 "$EXAMPLES/leader.py" "$LAB/$id/run" >"$LAB/$id/leads" 2>&1 3>&- &
		programs[id]=$!
	done
}

leads() { # ID
	[[ $(tail -1 "$LAB/$1/leads") = lead* ]]
}

lost() { # ID
	[ "$(tail -1 "$LAB/$1/leads")" = lost ]
}

@test "the program at the leader leads in its epoch, and no other one does" {
	lab_up 3
	leader=$(lab_wait_leader)
	start_programs 1 2 3
	lab_until "the program leads" leads "$leader"
	[ "$(tail -1 "$LAB/$leader/leads")" = "lead $(lab_conclave "$leader" status --json | jq .epoch)" ]
	for id in 1 2 3; do
		[ "$id" = "$leader" ] || [ ! -s "$LAB/$id/leads" ]
	done
	kill "${programs[leader]}"
	wait "${programs[leader]}"
	lost "$leader"
}

@test "a peer that is killed is no end of the term" {
	lab_up 3
	leader=$(lab_wait_leader)
	start_programs "$leader"
	lab_until "the program leads" leads "$leader"
	for i in 1 2 3; do
		pid=$(lab_pid "$leader" peer)
		kill -KILL "$pid"
		again() {
			local now
			now=$(lab_pid "$leader" peer) && [ -n "$now" ] && [ "$now" != "$pid" ] && [ "$(lab_conclave "$leader" leader)" = "$leader" ]
		}
		lab_until "the peer is back and leads" again
	done
	[ "$(wc -l <"$LAB/$leader/leads")" = 1 ]
}

@test "all daemons are stopped: the program leads to the end of its lease, and not again before they run" {
	lab_up 3
	leader=$(lab_wait_leader)
	start_programs 1 2 3
	lab_until "the program leads" leads "$leader"
	pids=$(for name in conclaved connmgr elector peer; do lab_pid "$leader" "$name"; done)
	kill -STOP $pids
	lab_until "its lease has ended" lost "$leader"
	others=(1 2 3)
	unset "others[leader-1]"
	another() {
		for id in "${others[@]}"; do
			leads "$id" && return 0
		done
		return 1
	}
	lab_until "another program leads" another
	lost "$leader"
	kill -CONT $pids
	# it follows now, and says no more
	follows() {
		[ "$(lab_conclave "$leader" status --json | jq -r .state)" = following ]
	}
	lab_until "the old leader follows" follows
	lost "$leader"
	[ "$(grep -c lead "$LAB/$leader/leads")" = 1 ]
}

@test "events of watch, without the library" {
	lab_up 1
	lab_wait_leader >/dev/null
	python3 "$EXAMPLES/watch.py" -c "$LAB/1/conclave.conf" >"$LAB/1/leads" 3>&- &
	programs[1]=$!
	lab_until "it tells who leads" grep -q "^server 1 leads, epoch [0-9]*: this one" "$LAB/1/leads"
}

# LAB_STOPS: how many
@test "after a stop that outlasted the lease nothing says that the server leads" {
	lab_up 3 'timing = { tick_ms = 100; init_limit = 50; sync_limit = 5; }; supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader >/dev/null
	run -0 python3 "$BATS_TEST_DIRNAME/stopped.py" "$LAB" 3 "${LAB_STOPS:-3}"
	[ "$output" = "${LAB_STOPS:-3} stops" ]
}

@test "the example in Go leads likewise" {
	command -v go >/dev/null || skip "Go is not installed: examples/go was not run"
	top=$BATS_TEST_DIRNAME/../..
	root=$BATS_TEST_TMPDIR/root
	make -s -C "$top" B="$(realpath --relative-to="$top" "$CONCLAVE_BIN/..")" DESTDIR="$root" PREFIX=/usr install-library
	cp -r "$top/examples/go" "$BATS_TEST_TMPDIR/go"
	(cd "$BATS_TEST_TMPDIR/go" && PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root GOPROXY=off \
		GOCACHE="${GOCACHE:-$BATS_TEST_TMPDIR/cache}" go build -o leader .)
	lab_up 1
	lab_wait_leader >/dev/null
	"$BATS_TEST_TMPDIR/go/leader" "$LAB/1/run" >"$LAB/1/leads" 3>&- &
	programs[1]=$!
	lab_until "the program leads" leads 1
	[ "$(tail -1 "$LAB/1/leads")" = "lead $(lab_conclave 1 status --json | jq .epoch)" ]
	kill "${programs[1]}"
	wait "${programs[1]}"
	lost 1
}
