#!/usr/bin/env bats
# conclave run under random faults on three hosts: tests/soak/run.py. LAB_FAULTS: how many; LAB_SEED.

bats_require_minimum_version 1.5.0

@test "no command of one host acts while one of another does" {
	[ "$UID" = 0 ] || skip "only root can make network namespaces"
	python3 "$BATS_TEST_DIRNAME/run.py" "${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/.." "${LAB_FAULTS:-300}" \
		"${LAB_SEED:-$RANDOM}" 3>&-
}
