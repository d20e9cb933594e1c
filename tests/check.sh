#!/bin/bash
# All that `make check` runs after the programs are built: rules, unit tests, vectors, the simulator,
# fuzzers, system tests; as they ship, under ASan and UBSan, or both; two parts at a time, and beside
# them what waits more than it works. Ends with `N passed, M failed, K skipped`.
# Usage: tests/check.sh BUILD. Output of each part: BUILD/check/*.log.
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH # what etc/debian-packages installs comes first
export LSAN_OPTIONS=suppressions=$PWD/tests/nng.leaks:print_suppressions=0
build=${1:-build}
logs=$build/check
rm -rf "$logs"
mkdir -p "$logs"
started=$SECONDS begun=$SECONDS parts=0

# say NAME PASSED FAILED SKIPPED LOG: for the sum, with when it ended and how long it took; shows the
# log of what failed
say() {
	{
		flock 9
		echo "$2 $3 $4" >&9
		printf '%4ds %4ds  %-44s %6d passed %3d failed %3d skipped\n' $((SECONDS - started)) \
			$((SECONDS - begun)) "$1" "$2" "$3" "$4"
		if [ "$3" != 0 ]; then
			grep -vE '^\[ +(RUN|OK) ' "$5" | tail -n 150 | sed 's/^/      /'
		fi
	} 9>>"$logs/sum"
}

# beside CMD…: runs it beside one other (AT_ONCE=1: alone)
beside() {
	while [ "$(jobs -pr | grep -cvx "${waits:-0}")" -ge "${AT_ONCE:-2}" ]; do
		wait -n
	done
	begun=$SECONDS
	parts=$((parts + 1))
	"$@" &
}

# one NAME CMD…: a program whose exit status is the verdict
one() {
	beside run_one "$@"
}
run_one() {
	local name=$1 log
	shift
	log=$logs/${name//[ \/]/-}.log
	if "$@" >"$log" 2>&1; then
		say "$name" 1 0 0 "$log"
	else
		say "$name" 0 1 0 "$log"
	fi
}

# a cmocka program: counts its tests
unit() {
	beside run_unit "$@"
}
run_unit() {
	local program=$1 name log ok bad skip status
	name="unit ${program#"$build"/}"
	log=$logs/${name//[ \/]/-}.log
	"$program" >"$log" 2>&1
	status=$?
	ok=$(grep -c '^\[       OK \]' "$log")
	bad=$(grep -c '^\[  FAILED  \] [^0-9]' "$log")
	skip=$(grep -c '^\[  SKIPPED \] [^0-9]' "$log")
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	[ $status != 0 ] || [ "$bad" = 0 ] || bad=0
	[ "$ok" != 0 ] || [ "$bad" != 0 ] || bad=1 # a program without a test
	say "$name" "$ok" "$bad" "$skip" "$log"
}

# booted SECONDS CMD…: as on a machine that started so long ago
booted() {
	local offset=$(($1 - $(cut -d. -f1 /proc/uptime)))
	shift
	unshare --time --boottime="$offset" --monotonic="$offset" --fork "$@"
}

# every unit test, SECONDS after a start; test_chan_close waits for as long as all others take
units_booted() {
	printf '%s\0' "$build"/asan/tests/unit/test_{chan_close,*} | awk 'BEGIN { RS = ORS = "\0" } !seen[$0]++' |
		booted "$1" xargs -0 -n 1 -P 2 env
}

# a vectors file: its last line counts
vectors() {
	beside run_vectors "$@"
}
run_vectors() {
	local program=$1 file=$2 name log ok bad
	name="vectors $(basename "$file" .jsonl.xz)"
	log=$logs/${name// /-}.log
	mkdir -p "$build/vectors"
	xz -dc "$file" >"$build/vectors/$(basename "$file" .xz)"
	"$program" "$build/vectors/$(basename "$file" .xz)" >"$log" 2>&1
	ok=$(tail -n 1 "$log" | sed -nE 's/^([0-9]+) passed, [0-9]+ failed$/\1/p')
	bad=$(tail -n 1 "$log" | sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p')
	say "$name" "${ok:-0}" "${bad:-1}" 0 "$log"
}

# a bats file: TAP, counted
system() {
	beside run_system "$@"
}
run_system() {
	local file=$1 how=$2 name log ok bad skip status
	name="system $(basename "$file" .bats)$how"
	log=$logs/${name//[ \/]/-}.log
	bats --tap "$file" >"$log" 2>&1
	status=$?
	skip=$(grep -c '^ok .*# skip' "$log")
	ok=$(($(grep -c '^ok ' "$log") - skip))
	bad=$(grep -c '^not ok ' "$log")
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	[ "$skip" = 0 ] || grep '^ok .*# skip' "$log" | sed 's/^/      /'
	say "$name" "$ok" "$bad" "$skip" "$log"
}

one "tidy" tests/tidy.sh "$build"
for page in docs/man/*; do
	if read -r so other <"$page" && [ "$so" = .so ]; then # another name of a page
		one "man $(basename "$page")" test -s "docs/man/${other#man3/}"
	else
		one "man $(basename "$page")" mandoc -T lint -W warning "$page"
	fi
done

# These wait more than they work: one after the other, beside the two.
boxes=(tests/system/systemd*.bats)
parts=$((parts + ${#boxes[@]} + 2))
waiting() {
	begun=$SECONDS
	run_unit "$build/asan/tests/unit/test_chan_close"
	begun=$SECONDS
	CONCLAVE_BIN=$PWD/$build/bin run_system tests/system/slow.bats ""
	for file in "${boxes[@]}"; do
		begun=$SECONDS
		CONCLAVE_BIN=$PWD/$build/bin run_system "$file" ""
	done
}
if [ "${AT_ONCE:-2}" = 1 ]; then
	waiting
else
	waiting &
	waits=$!
fi

for program in "$build"/asan/tests/unit/test_*; do
	[ "${program##*/}" != test_chan_close ] || continue # see above
	# it measures the heap, and a sanitizer has its own
	[ "${program##*/}" != test_conf_memory ] || program=$build/tests/unit/test_conf_memory
	unit "$program"
done
for seconds in 1 200000000; do
	if booted $seconds true 2>/dev/null; then
		one "unit tests, $seconds s after the start" units_booted $seconds
	else
		parts=$((parts + 1))
		say "unit tests, $seconds s after the start: no time namespace" 0 0 1 /dev/null
	fi
done
for file in tests/vectors/data/*.jsonl.xz; do
	vectors "$build/tests/vectors" "$file"
done
one "sim, 400 seeds" "$build/tests/sim" --seeds 1:400
one "sim --members, 60 seeds" "$build/tests/sim" --members --seeds 1:60
one "sim --hold, 60 seeds of each set" "$build/tests/sim" --seeds 1:60 --hold all
for bug in no-fsync promise-twice vote-quorum promise-quorum leader-check refusal-counts own-promise early-answer \
	no-gate own-ack forget-promise forget-own from-receipt no-drift drift own-length reboot-free \
	early-release broken-lets-go restart-lets-go relies want-clears one-promise echo-counts gate-drops read-early \
	resume-released resume-alone; do
	one "sim finds $bug" "$build/tests/sim" --seeds 1:1000 --bug $bug
done
for bug in found-majority found-version no-joint new-only old-only file no-instance in-place early-ack hasty no-promise restore \
	forget-joint newcomer drop-joint; do
	one "sim --members finds $bug" "$build/tests/sim" --members --seeds 1:200 --bug $bug
done
for fuzzer in "$build"/asan/tests/fuzz/fuzz_*; do
	kind=${fuzzer##*/fuzz_}
	mkdir -p "$build/corpus/$kind"
	one "fuzz $kind" "$fuzzer" -runs=100000 -max_total_time=1 -seed=1 -max_len=4096 \
		"$build/corpus/$kind" "tests/fuzz/corpus/$kind"
done

# The system tests, file by file: with nng as they ship, built for ASan with nng or SOCK_SEQPACKET, or both;
# what is about conclaved and the command alone, built for ASan only. `make soak` runs each of them with both links.
ship() { # NAME…: as they ship
	for name; do
		CONCLAVE_BIN=$PWD/$build/bin system "tests/system/$name.bats" ""
	done
}
asan() { # HOW NAME…: built for ASan; an answer costs ten times as much with it, and waiting is asking
	local how=$1
	shift
	for name; do
		CONCLAVE_BIN=$PWD/$build/asan/bin LAB_SLOW=1 LAB_ASK=${LAB_ASK-$PWD/$build/bin} LAB_KILLS=200 \
			system "tests/system/$name.bats" " ($how)"
	done
}
# Each unit in a box has a share of the processor as large as all that runs beside the box, and a leader may be
# silent for 300 ms as it ships. So beside the boxes are those with longer ticks, and those that mind no other leader.
asan asan probe electors odd
LAB_IPC=seqpacket asan "asan, seqpacket" elect faults swap
ship completion demo import looking metrics output privileges users
[ -z "${waits:-}" ] || wait "$waits"
# conclaved is tested with workers that are not built for ASan: their times are short
FAKEWORKER=$PWD/$build/tests/fakeworker asan asan supervisor
# a flooded leader needs the processor that a box would share
asan asan hostile tls
LAB_ASK='' asan asan members_verbs status
asan asan resume
ship claim candidates electors elect faults health hostile members members_said obey reload run_dir start swap swap_bad
ship tls handover holds lease_verbs library library_leads run run_faults examples
CONCLAVE_BIN=$PWD/$build/bin LAB_IPC=seqpacket system tests/system/disk.bats " (seqpacket)"

wait
for file in tests/system/*.bats; do
	name=$(basename "$file" .bats)
	if ! ls "$logs/system-$name.log" "$logs/system-$name-"* 2>/dev/null | grep -q .; then
		parts=$((parts + 1))
		say "system $name is run nowhere" 0 1 0 /dev/null
	fi
done
awk -v parts="$parts" '{ p += $1; f += $2; s += $3 }
	END {
		if (NR != parts) {
			print parts - NR " parts ended without a word"
			f++
		}
		print p " passed, " f " failed, " s " skipped"
		exit f != 0
	}' "$logs/sum"
