#!/bin/bash
# The explorer of the peer's core (docs/TESTING.md, section "The explorer"): each case, and each bug on purpose, two at a
# time. Ends with `N passed, M failed`. Usage: tests/model.sh BUILD. Output of each: BUILD/model.out/*.log.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
logs=$build/model.out
rm -rf "$logs"
mkdir -p "$logs"

# one case|bug NAME: 0 if it went well; a case must have been explored to its end
one() {
	local log=$2/$1-$3.log
	if "$4" "--$1" "$3" >"$log" 2>&1 && { [ "$1" = bug ] || grep -q ' complete: ' "$log"; }; then
		printf 'ok   %-4s %-14s %s\n' "$1" "$3" "$(grep -E ' worlds, ' "$log" | tail -n 1)"
		return 0
	fi
	printf 'FAIL %-4s %s\n' "$1" "$3"
	tail -n 60 "$log" | sed 's/^/      /'
	return 0
}
export -f one
"$build/tests/model" --list | sed -E 's/^(case|bug) ([^:]*).*/\1 \2/' |
	xargs -P 2 -L 1 bash -c 'one "$2" "$0" "$3" "$1"' "$logs" "$build/tests/model" | tee "$logs/all"
passed=$(grep -c '^ok ' "$logs/all")
failed=$(grep -c '^FAIL ' "$logs/all")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
