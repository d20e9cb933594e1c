#!/bin/bash
# Which lines and branches of wire/ and of the cores run in what `make check` does without the
# programs: unit tests, vectors, the fuzzers' corpora. A line for each file, each room, and all;
# exit status 1 where a test fails, or less than 95 % of the lines of wire/ or of the cores ran.
# Usage: tests/coverage.sh BUILD, built with COV=1. Lines that did not run: BUILD/coverage/*.gcov.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/cov}
least=95
out=$build/coverage
rm -rf "$out"
mkdir -p "$out" "$build/vectors"
find "$build" -name '*.gcda' -delete

failed=0
run() { # NAME CMD…
	local log=$out/$1.log
	shift
	"$@" >"$log" 2>&1 && return
	echo "coverage: failed: $*, see $log"
	failed=1
}
for program in "$build"/tests/unit/test_*; do
	run "${program##*/}" "$program"
done
for file in tests/vectors/data/*.jsonl.xz; do
	name=$(basename "$file" .xz)
	xz -dc "$file" >"$build/vectors/$name"
	run "$name" "$build/tests/vectors" "$build/vectors/$name"
done
for program in "$build"/tests/fuzz/fuzz_*; do
	run "${program##*/}" "$program" "tests/fuzz/corpus/${program##*/fuzz_}"
done

# FILE LINES RUN BRANCHES TAKEN, one line for each core
count() {
	local file gcov
	for file in $(tests/cores.sh | grep '\.c$'); do
		gcov=$out/${file//\//-}.gcov
		gcov -t -b "$build/obj/${file%.c}.o" >"$gcov" 2>/dev/null
		awk -v file="$file" '
			/^ +(-|[0-9]+\*?|#####|=====):/ {
				if ($1 !~ /^-/)
					lines++
				if ($1 ~ /^[0-9]/)
					run++
			}
			/^branch/ {
				branches++
				if ($0 !~ /never executed|taken 0%/)
					taken++
			}
			END { print file, lines + 0, run + 0, branches + 0, taken + 0 }' "$gcov"
	done
}

count | sort | awk -v least="$least" '
	function say(name, l, r, b, t) {
		printf "%-32s %5d lines %6.2f %%  %5d branches %6.2f %%\n", name, l,
			l ? 100 * r / l : 100, b, b ? 100 * t / b : 100
	}
	{
		say($1, $2, $3, $4, $5)
		room = $1
		sub(/\/.*/, "/", room)
		if (!(room in l))
			rooms[++count] = room
		l[room] += $2; r[room] += $3; b[room] += $4; t[room] += $5
		l["all"] += $2; r["all"] += $3; b["all"] += $4; t["all"] += $5
	}
	END {
		if (l["wire/"] == 0) {
			print "coverage: nothing was counted"
			exit 1
		}
		for (i = 1; i <= count; i++)
			say(rooms[i], l[rooms[i]], r[rooms[i]], b[rooms[i]], t[rooms[i]])
		say("all", l["all"], r["all"], b["all"], t["all"])
		exit 100 * r["wire/"] < least * l["wire/"] || 100 * r["all"] < least * l["all"]
	}'
low=$?
[ "$low" = 0 ] || echo "coverage: less than $least % of the lines"
[ "$low" = 0 ] && [ "$failed" = 0 ]
