#!/bin/bash
# Each fuzzer for SECONDS, two at a time, with leak detection: from the corpus in the tree and from
# what earlier runs found (BUILD/corpus, where this one adds to it). One line for each; exit status 1
# where one fails, with the path of the input that it failed on.
# Usage: tests/fuzz.sh BUILD SECONDS [NAME…]
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
seconds=$2
shift 2
out=$build/fuzz-out
mkdir -p "$out"
rm -f "$out/failed"
[ $# -gt 0 ] || set -- $(ls "$build"/tests/fuzz | sed -n 's/^fuzz_//p')

one() {
	local name=$1 log=$out/$1.log inputs
	rm -f "$log" "$out/$name"-*
	mkdir -p "$build/corpus/$name"
	if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -runs=2000000000 -max_len=4096 \
		-timeout=20 -print_final_stats=1 -artifact_prefix="$out/$name-" \
		"$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		inputs=$(sed -nE 's/^(stat::number_of_executed_units:|driver:) ([0-9]+).*/\2/p' "$log" | tail -n 1)
		printf '%-10s %4d s %12d inputs, no breach\n' "$name" "$seconds" "${inputs:-0}"
	else
		touch "$out/failed"
		printf '%-10s FAILED on %s, see %s\n' "$name" \
			"$(find "$out" -name "$name-*" ! -name '*.log' | head -n 1)" "$log"
		grep -m 1 -E '^broken:|ERROR:|runtime error:' "$log" | sed 's/^/           /'
	fi
}

for name; do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	one "$name" &
done
wait
[ ! -e "$out/failed" ]
