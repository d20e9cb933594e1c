#!/bin/bash
# The simulator, and every fault of the system tests, again and again for a while. Stops at the first failure and says
# where its logs are. Usage: tests/soak.sh BUILD SECONDS
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
end=$((SECONDS + ${2:-600}))
passed=0
round=0
while [ $SECONDS -lt $end ]; do
	round=$((round + 1))
	if ! "$build/tests/sim" --seeds "$((round * 2000)):$((round * 2000 + 1999))" >"$build/soak-sim.log"; then
		cat "$build/soak-sim.log"
		exit 1
	fi
	passed=$((passed + 2000))
	for ipc in nng seqpacket; do
		for file in tests/system/*.bats tests/soak/*.bats; do
			[ $SECONDS -lt $end ] || break 2
			log=$build/soak.log
			if ! CONCLAVE_BIN=$PWD/$build/bin LAB_IPC=$ipc LAB_KEEP=1 bats --tap "$file" >"$log" 2>&1; then
				cat "$log"
				echo "soak: round $round, $file with $ipc failed; log in $log"
				exit 1
			fi
			passed=$((passed + $(grep -c '^ok ' "$log")))
		done
	done
	echo "soak: round $round done, $passed passed"
done
echo "$passed passed, 0 failed"
