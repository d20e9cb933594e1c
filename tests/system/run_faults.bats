#!/usr/bin/env bats
# A short share of tests/soak/run.bats.

bats_require_minimum_version 1.5.0

@test "no command of one host acts while one of another does, for a few faults" {
	[ "$UID" = 0 ] || skip "only root can make network namespaces"
	ip netns add "conclave-$$" 2>/dev/null || skip "no network namespace can be made here"
	ip netns del "conclave-$$"
	python3 "$BATS_TEST_DIRNAME/../soak/run.py" "${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/.." 12 1 3>&-
}
