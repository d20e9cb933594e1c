#!/usr/bin/env bats
# The examples that need hosts of their own, and time.

bats_require_minimum_version 1.5.0

build=${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/..

@test "a PostgreSQL primary moves with the leader, and the old one comes back as a standby" {
	[ "$UID" = 0 ] || skip "only root can make network namespaces"
	run python3 "$BATS_TEST_DIRNAME/postgresql.py" "$build" 3>&-
	[ "$status" != 77 ] || skip "$output"
	echo "$output"
	[ "$status" = 0 ]
}
