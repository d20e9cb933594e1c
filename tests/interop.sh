#!/bin/bash
# What `make interop` runs: our server attached to a real ZooKeeper ensemble, the probe of one, and
# elections of our servers mixed with Java voters. Ends with `N passed, M failed, K skipped`; where the real
# ZooKeeper cannot be had all is skipped, with the reason.
# Usage: tests/interop.sh BUILD [ELECTIONS [FIRST-SEED]]. Output of each part: BUILD/interop/*.log.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
elections=${2:-20}
seed=${3:-1}
jar=/usr/share/java/zookeeper.jar
classes=$build/interop
rm -rf "$classes"
mkdir -p "$classes"

skip() {
	echo "skipped: $1"
	echo "0 passed, 0 failed, $((elections + $(cat tests/interop/*.bats | grep -c '^@test'))) skipped"
	exit 0
}

tests/install.sh etc/debian-packages-interop >"$classes/install.log" 2>&1 || {
	cat "$classes/install.log"
	skip "the packages of etc/debian-packages-interop cannot be installed"
}
[ -e $jar ] || skip "there is no $jar"
javac -nowarn -Xlint:none -d "$classes" -cp $jar tests/interop/JavaVoter.java >"$classes/javac.log" 2>&1 || {
	cat "$classes/javac.log"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

CONCLAVE_BIN=$PWD/$build/bin bats --tap tests/interop/*.bats 2>&1 | tee "$classes/bats.log"
status=${PIPESTATUS[0]}
passed=$(grep -c '^ok ' "$classes/bats.log")
failed=$(grep -c '^not ok ' "$classes/bats.log")
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1

tests/interop/mixed.py --bin "$build/bin" --classes "$classes" --elections "$elections" --seed "$seed" 2>&1 |
	tee "$classes/mixed.log"
right=$(sed -nE '$s/^([0-9]+) passed, [0-9]+ failed$/\1/p' "$classes/mixed.log")
wrong=$(sed -nE '$s/^[0-9]+ passed, ([0-9]+) failed$/\1/p' "$classes/mixed.log")
passed=$((passed + ${right:-0}))
failed=$((failed + ${wrong:-1}))

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
