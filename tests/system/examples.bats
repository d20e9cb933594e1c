#!/usr/bin/env bats
# The examples that stand on conclave run, at a group of one server.

load lab

examples=$BATS_TEST_DIRNAME/../../examples
PATH=$(realpath "${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}"):$PATH

teardown() {
	local pid
	for pid in $STORE; do
		kill "$pid" || true
	done
	lab_down
}

one_leads() { # TEXT
	lab_up 1 "$1"
	lab_wait_leader
}

store_says() { # EXPECTED WORD…
	[ "$(echo "${@:2}" | python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
print(s.makefile().readline().strip())' "$LAB/store.sock")" = "$1" ]
}

@test "a cron job runs on the leader, and not where nobody leads" {
	line=$(grep -v '^#' "$examples/cron/report.cron")
	line=${line#* root }
	line=${line//conclave run/conclave -c $BATS_TEST_TMPDIR/link.conf run}
	line=${line//\/usr\/local\/bin\/report/touch $BATS_TEST_TMPDIR/report}
	lab_make 3
	ln -s "$LAB/1/conclave.conf" "$BATS_TEST_TMPDIR/link.conf"
	lab_start 1 # alone it is no quorum
	lab_until "it answers" eval 'lab_conclave 1 status'
	sh -c "$line"
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
	lab_start 2
	lab_start 3
	leader=$(lab_wait_leader)
	ln -sf "$LAB/$leader/conclave.conf" "$BATS_TEST_TMPDIR/link.conf"
	sh -c "$line"
	[ -e "$BATS_TEST_TMPDIR/report" ]
	rm "$BATS_TEST_TMPDIR/report"
	ln -sf "$LAB/$((leader % 3 + 1))/conclave.conf" "$BATS_TEST_TMPDIR/link.conf"
	sh -c "$line"
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
}

@test "a store refuses the late writes of a former leader" {
	one_leads ""
	"$examples/fenced-store/store" "$LAB/store.json" "$LAB/store.sock" 3>&- &
	STORE=$!
	lab_until "the store is there" test -S "$LAB/store.sock"
	lab_conclave 1 run --again -- "$examples/fenced-store/job" "$LAB/store.sock" count 2>"$LAB/first" &
	runner=$!
	lab_until "the job counts" eval '! store_says "" get count'
	# somebody else leads, as far as the store can tell, and the next write is refused
	store_says ok put 1000 other 1
	wait "$runner" && false
	grep -q 'the store refuses epoch [0-9]*: stale 1000' "$LAB/first"
	count=$(jq -r .values.count "$LAB/store.json")
	store_says "stale 1000" put 999 count 0
	store_says "$count" get count
	kill "$STORE"
	wait "$STORE" || true
	"$examples/fenced-store/store" "$LAB/store.json" "$LAB/store.sock" 3>&- &
	STORE=$!
	lab_until "it has kept the epoch" store_says "stale 1000" put 999 count 0
}

@test "a floating address moves with the leader, and is never at two hosts" {
	[ "$UID" = 0 ] || skip "only root can make network namespaces"
	python3 "$BATS_TEST_DIRNAME/../soak/floating.py" "${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/.." 3>&-
}
