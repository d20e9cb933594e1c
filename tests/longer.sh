#!/bin/bash
# What CI looks at after `make check`, because it takes too long for that: more seeds of the simulator, also with faults
# that last, and the system tests of tests/soak. Ends with `N passed, M failed`.
# Usage: tests/longer.sh BUILD. Output of each part: BUILD/longer/*.log.
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
build=${1:-build}
logs=$build/longer
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0

# part NAME CMD…: its log's last count `N passed, M failed` counts, or else its exit status
part() {
	local name=$1 log=$logs/$1.log begun=$SECONDS status good bad
	shift
	"$@" >"$log" 2>&1
	status=$?
	if grep -qE '^(ok|not ok) ' "$log"; then
		good=$(grep -c '^ok ' "$log") bad=$(grep -c '^not ok ' "$log")
	else
		good=$(sed -nE 's/^([0-9]+) passed, [0-9]+ failed.*/\1/p' "$log" | tail -n 1)
		bad=$(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed.*/\1/p' "$log" | tail -n 1)
	fi
	good=${good:-0} bad=${bad:-0}
	[ $status != 0 ] || [ "$good" != 0 ] || good=1 # its exit status is all that it says
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	passed=$((passed + good)) failed=$((failed + bad))
	printf '%4ds  %-24s %6d passed %3d failed\n' $((SECONDS - begun)) "$name" "$good" "$bad"
	[ "$bad" = 0 ] || tail -n 100 "$log" | sed 's/^/      /'
}

part sim "$build/tests/sim" --seeds 1001:2500
part hold "$build/tests/sim" --seeds 1:1000 --hold all
part model tests/model.sh "$build"
for file in tests/soak/*.bats; do
	CONCLAVE_BIN=$PWD/$build/bin LAB_SWAPS=100 LAB_SEQUENCES=20 LAB_HISTORIES=30 part "soak-$(basename "$file" .bats)" bats --tap "$file"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
