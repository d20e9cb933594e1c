#!/usr/bin/env bats
# conclave probe: asks our own servers, and ports that are none.

load lab
load lab_odd

setup() {
	talkers=()
}

teardown() {
	for pid in "${talkers[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	lab_down
}

# probe ARG…: without a configuration
probe() {
	timeout 20 "$CONCLAVE_BIN/conclave" -c /nonexistent probe "$@" 3>&-
}

# watch FILE ARG…: `probe --watch` into that file, until the end of the test
watch() {
	local file=$1
	shift
	"$CONCLAVE_BIN/conclave" -c /nonexistent probe --watch "$@" >"$file" 3>&- &
	talkers+=("$!")
}

# ports ID…: their addresses
ports() {
	local id
	for id in "$@"; do
		echo "127.0.0.1:$(lab_port "$id" election)"
	done
}

# talker ARG…: its port in $port, what it prints in $said
talker() {
	said=$BATS_TEST_TMPDIR/talker.${#talkers[@]}
	"$BATS_TEST_DIRNAME/talker.py" "$@" >"$said" 2>&1 </dev/null 3>&- &
	talkers+=("$!")
	until port=$(sed -n 's/^port //p' "$said") && [ -n "$port" ]; do
		lab_gone "${talkers[-1]}" && return 1
		sleep 0.02
	done
}

@test "a serving ensemble: the leader, from any of its servers, with the keys of the manual" {
	lab_up 3
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	run -0 probe $(ports 1 2 3) --json
	jq -e --argjson leader "$leader" --argjson epoch "$epoch" '
		keys == ["leader", "leaders", "memberships", "named", "quorum", "schema", "servers"] and
			.leaders == [{id: $leader, epoch: $epoch, quorum: true}] and (.memberships | length == 1 and .[0].members == [1, 2, 3]) and .named == null and .leader == $leader and .quorum and
		(.servers | length == 3) and all(.servers[];
			(keys == (["address", "reachable", "error", "state", "leader", "round", "zxid",
				"peer_epoch", "version", "config", "ms"] | sort)) and
			.reachable and .error == null and .leader == $leader and .round >= 1 and
			.zxid == "0x0" and .peer_epoch == $epoch and .version == 2 and .ms > 0 and
			(.config | startswith("server.1=") and endswith("version=1"))) and
		([.servers[].state] | sort) == ["following", "following", "leading"] and
		.servers[$leader - 1].state == "leading"' <<<"$output"
	[ "$(jq -r '.servers[].address' <<<"$output")" = "$(ports 1 2 3)" ]
	run -0 probe $(ports 3 1 2)
	[ "${lines[0]}" = "leader $leader" ]
	[[ "$output" != *$'\033'* ]]
}

@test "half of it: a quorum is enough, less is not, and the leader must be asked itself" {
	lab_up 5
	leader=$(lab_wait_leader)
	others=()
	for id in 1 2 3 4 5; do
		[ "$id" = "$leader" ] || others+=("$id")
	done
	run -0 probe $(ports "$leader" "${others[0]}" "${others[1]}") --json
	run -2 probe $(ports "$leader" "${others[0]}") --json
	jq -e --argjson leader "$leader" '.leader == $leader and (.quorum | not)' <<<"$output"
	run -2 probe $(ports "$leader" "$leader" "$leader") --json
	jq -e '.quorum | not' <<<"$output"
	run -2 probe $(ports "${others[@]}") --json
	jq -e --argjson leader "$leader" '.leader == null and (.quorum | not) and .named == $leader' <<<"$output"
	run -2 probe $(ports "${others[@]}")
	[ "${lines[0]}" = "no leader that says so itself: a quorum follows $leader, which was not asked" ]
	run -2 probe $(ports "${others[0]}" "${others[1]}")
	[ "${lines[0]}" = "no leader" ]
	run -0 probe localhost:"$(lab_port "$leader" election)" $(ports "${others[0]}" "${others[1]}")
}

@test "groups and weights decide what a quorum is" {
	lab_up 4 $'group1 = 1;\ngroup2 = 1;\ngroup3 = 1;\ngroup4 = 1;\nweight4 = 3;'
	leader=$(lab_wait_leader)
	[ "$leader" = 4 ]
	run -0 probe $(ports 4 1) # 4 of 6
	run -2 probe $(ports 4)
	lab_kill 4
	lab_until "nobody leads" lab_is_state 1 looking
	run -2 probe $(ports 1 2 3 4) --json
	jq -e '.leader == null and .servers[3].error != null' <<<"$output"
}

@test "an ensemble that looks answers, and has no leader" {
	lab_make 3
	lab_start 2
	lab_until "2 looks" lab_is_state 2 looking
	lab_until "its port is open" probe_says 2 looking
	run -2 probe $(ports 1 2 3) --json
	jq -e '.leader == null and (.quorum | not) and
		.servers[1].reachable and .servers[1].state == "looking" and
		(.servers[0] | (.reachable | not) and .error != null and .state == null and .leader == null
			and .round == null and .zxid == null and .config == null and .ms == null)' <<<"$output"
	run -2 probe $(ports 2)
	[ "${lines[0]}" = "no leader" ]
}

# probe_says ID STATE
probe_says() {
	probe $(ports "$1") --json | jq -e --arg state "$2" '.servers[0].state == $state'
}

@test "nobody answers: 69, in bounded time, for dead, silent, hanging up and talking ones" {
	talker banner
	banner=$port
	talker silent
	silent=$port
	talker hangup
	run -69 probe "127.0.0.1:$banner" "127.0.0.1:$silent" "127.0.0.1:$port" 127.0.0.1:1 nosuch.invalid:3888 --json
	jq -e '.leader == null and (.quorum | not) and
		([.servers[].reachable] == [true, true, true, false, false]) and
		all(.servers[]; .error != null and .state == null) and
		(.servers[0].error | contains("no election port")) and
		(.servers[1].error | contains("no answer"))' <<<"$output"
	run -69 probe 127.0.0.1:1
}

@test "dead and false ones cost the others nothing" {
	lab_up 3
	leader=$(lab_wait_leader)
	talker banner
	banner=$port
	talker silent
	run -0 probe "127.0.0.1:$banner" "127.0.0.1:$port" 127.0.0.1:1 nosuch.invalid:1 $(ports 1 2 3) --json
	jq -e --argjson leader "$leader" '.leader == $leader and all(.servers[4:][]; .error == null)' <<<"$output"
}

@test "asked again and again, the ensemble goes on as before" {
	lab_up 3
	leader=$(lab_wait_leader)
	before=$(probe $(ports 1 2 3) --json | jq -c '[.servers[] | .round, .peer_epoch, .leader]')
	for ((asks = LAB_SLOW ? 20 : 60; asks > 0; asks--)); do
		probe $(ports 1 2 3) >/dev/null
	done
	[ "$(probe $(ports 1 2 3) --json | jq -c '[.servers[] | .round, .peer_epoch, .leader]')" = "$before" ]
	[ "$(lab_wait_leader)" = "$leader" ]
}

@test "numbers keep every digit; a fresh sid below 2^62 and one segment for each connection" {
	config='server.4611686018427387000=127.0.0.1:1:@:participant\nversion=0'
	talker say 2 4611686018427387000 9223372036854775807 "$config" 3
	for _ in 1 2; do
		run -0 probe "127.0.0.1:$port" --json
		[[ "$output" == '{"schema":1,"leader":4611686018427387000,"quorum":true,'* ]]
		[[ "$output" == *'"round":9223372036854775807,"zxid":"0xfffffffffffffffe","peer_epoch":7,'* ]]
	done
	[ "$(grep -c '^greeted [0-9]* 40$' "$said")" = 2 ]
	[ "$(sed -n 's/^greeted \([0-9]*\) .*/\1/p' "$said" | sort -u | awk '$1 > 2^61 && $1 < 2^62' | wc -l)" = 2 ]
}

@test "half-changed servers are no answer" {
	config='server.1=127.0.0.1:1:@:participant\nserver.2=127.0.0.2:1:2:participant\nserver.3=127.0.0.3:1:3:participant\nversion=0'
	talker say 2 3 5 "$config" # server 1 says LEADING, and names 3
	run -2 probe "127.0.0.1:$port" --json
	jq -e '.leader == null and .servers[0].leader == 3' <<<"$output"
	talker say 1 3 5 "$config"
	run -2 probe "127.0.0.1:$port" --json
	jq -e '.leader == null' <<<"$output"
}

@test "an IPv6 address" {
	grep -q " lo$" /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
	talker -6 say 2 1 5 'server.1=localhost:1:@:participant\nversion=0'
	run -0 probe "[::1]:$port"
}

@test "names in the configuration" {
	# several servers at that port: the name tells which
	talker say 2 1 5 'server.1=localhost:1:@:participant\nserver.2=127.0.0.2:1:@:observer\nserver.3=nosuch.invalid:1:@:observer\nserver.4=127.0.0.4:1:@:participant\nweight.4=0\nweight.1=1\ngroup.1=1:4\nversion=0'
	run -0 probe "127.0.0.1:$port" --json
}

@test "--watch: a line per change, on one connection for each server" {
	lab_up 3
	watch "$BATS_TEST_TMPDIR/json" $(ports 1 2 3) --json
	watch "$BATS_TEST_TMPDIR/text" $(ports 1 2 3)
	lab_until "it says who leads" says_as_they_do 1 2 3
	leader=$(lab_wait_leader 1 2 3)
	lab_kill "$leader"
	rest=(1 2 3)
	unset "rest[leader - 1]"
	lab_until "it says who leads now" says_as_they_do "${rest[@]}"
	other=$(lab_wait_leader "${rest[@]}")
	[ "$other" != "$leader" ]
	lab_until "in words too" grep -qE "^[0-9:.]{12}  leader $other\$" "$BATS_TEST_TMPDIR/text"
	lab_start "$leader"
	lab_until "the third is back" third_is_back "$leader"
	run ! jq -se '[.[] | del(.servers[].ms)] | [range(1; length) as $i | .[$i] == .[$i - 1]] | any' "$BATS_TEST_TMPDIR/json"
	talker say 2 1 5 'server.1=127.0.0.1:1:@:participant\nversion=0' 2
	watch "$BATS_TEST_TMPDIR/one" "127.0.0.1:$port" 127.0.0.1:1
	lab_until "the false one leads" grep -q 'leader 1$' "$BATS_TEST_TMPDIR/one"
	kill "${talkers[2]}"
	lab_until "it is gone" grep -q 'nobody answers$' "$BATS_TEST_TMPDIR/one"
	[ "$(grep -c greeted "$said")" = 1 ]
}

# whom --watch --json named last
last_leader() {
	tail -n 1 "$BATS_TEST_TMPDIR/json" | jq -e 'select(.quorum) | .leader'
}

# says_as_they_do ID…
says_as_they_do() {
	[ "$(last_leader)" = "$(lab_one_leader "$@")" ] && last_leader
}

third_is_back() {
	tail -n 1 "$BATS_TEST_TMPDIR/json" | jq -e --argjson id "$1" '.servers[$id - 1].state == "following"'
}

@test "used wrong: 64" {
	run -64 probe
	run -64 probe ::1:3888
	[[ "$output" == *"[::1]:3888"* ]]
	run -64 probe 127.0.0.1
	run -64 probe 127.0.0.1:1 --loud
}
