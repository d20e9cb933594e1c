#!/usr/bin/env bats
# What connmgr says of a faulty candidate (tests/badelector) that is started by hand on the leader, as
# a shadow. The active elector and the leader stay as they were.

load lab
load lab_odd

FAKEWORKER=${FAKEWORKER:-$CONCLAVE_BIN/../tests/fakeworker}
BADELECTOR=${BADELECTOR:-$CONCLAVE_BIN/../tests/badelector}

setup() {
	running=()
}

teardown() {
	for pid in "${running[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	lab_down
}

# An ensemble; what has to stay as it is. Notifications of candidates go to $LAB/new/notices.
shadow_up() {
	lab_up 3
	leader=$(lab_wait_leader)
	mkdir "$LAB/new"
	python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.bind(sys.argv[1] + "/socket")
    with open(sys.argv[1] + "/notices", "wb", buffering=0) as out:
        while True:
            out.write(s.recv(4096) + b"\n")
' "$LAB/new" </dev/null 3>&- {LAB_LOCK}>&- &
	running+=("$!")
	lab_until "somebody hears the candidates" test -f "$LAB/new/notices"
	before=$(as_it_is)
}

# The leader's elector and all that a change of leader would change
as_it_is() {
	lab_conclave "$leader" status --json |
		jq -c '[.leader, .epoch, .round, .state, (.processes[] | [.name, .pid, .generation])]'
}

# start KIND: a candidate `x`, its pid in $pid
start() {
	cp "$BADELECTOR" "$LAB/new/elector-$1"
	NOTIFY_SOCKET=$LAB/new/socket "$LAB/new/elector-$1" -c "$LAB/$leader/conclave.conf" --name x \
		>>"$LAB/new/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
	pid=$!
	running+=("$pid")
}

shadow() {
	"$FAKEWORKER" ask "$LAB/$leader/run/connmgr/door" "shadow x"
}

# sees FILTER: FILTER is true of what connmgr says of the candidate
sees() {
	shadow | jq -e "$1"
}

# Another process asks for the leader's vote, so that both electors send a message.
ask_vote() {
	"$BATS_TEST_DIRNAME/stranger.py" ask "127.0.0.1:$(lab_port "$leader" election)"
}

asked_sees() {
	ask_vote && sees "$1"
}

# ends: ends the candidate if it lives; everything else is as it was
ends() {
	kill -9 "$pid" 2>/dev/null || true
	lab_until "the candidate is gone" sees '.attached | not'
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(as_it_is)" = "$before" ]
}

# difference SIDE: the leader that this side named in the first message that differs
difference() {
	shadow | jq -re ".difference.$1" | cut -c 9-24
}

# notices WORD: all notifications so far; WORD is a mark behind them
notices() {
	python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.sendto(sys.argv[2].encode(), sys.argv[1] + "/socket")
' "$LAB/new" "MARK=$1"
	lab_until "the mark is heard" grep -qx "MARK=$1" "$LAB/new/notices"
	cat "$LAB/new/notices"
}

# refuses_more THAN: words at connmgr's door
refuses_more() {
	lab_door "$leader" connmgr | jq -e --argjson old "$1" '.drops.refused > $old'
}

describes() {
	cp "$BADELECTOR" "$BATS_TEST_TMPDIR/elector-$1"
	run -0 "$BATS_TEST_TMPDIR/elector-$1" --describe
}

@test "what they say of themselves" {
	run -0 "$CONCLAVE_BIN/conclave-elector" --describe
	real=$output
	set=$(sed -n 's/^message-set //p' <<<"$real")
	describes crash-attach
	[ "$output" = "$real" ]
	describes good
	[ "$output" = "${real/version */version 99.0+other
message-set $set}" ]
	describes set
	[ "$output" = "${real/message-set $set/message-set $((set + 1))}" ]
	describes not
	[ "$output" = "${real/conclave-elector/conclave-selector}" ]
	cp "$BADELECTOR" "$BATS_TEST_TMPDIR/elector-unheard-of"
	run -64 "$BATS_TEST_TMPDIR/elector-unheard-of" --describe
}

@test "as good as the active one, as long as they are shadows" {
	shadow_up
	for kind in good hang-active; do
		start "$kind"
		lab_until "$kind is compared" sees '.synced and .comparing'
		lab_until "$kind says the same" asked_sees '.compared >= 2'
		sees '.difference == null and .refused == 0 and .links_lost == 0'
		notices "$kind" | grep -qx READY=1
		if [ "$kind" = good ]; then
			lab_door "$leader" connmgr |
				jq -e '[.workers[] | select(.name == "x") | .version] == ["99.0+other"]'
		fi
		ends
	done
}

@test "another message set: connmgr refuses it, and it ends" {
	shadow_up
	refused=$(lab_door "$leader" connmgr | jq .drops.refused)
	start set
	status=0
	wait "$pid" || status=$?
	[ "$status" = 1 ]
	refuses_more "$refused"
	ends
}

@test "READY, and never attached; synced, and never READY" {
	shadow_up
	start ready-only
	lab_until "READY is heard" grep -qx READY=1 "$LAB/new/notices"
	sees '.attached | not'
	kill -9 "$pid"
	: >"$LAB/new/notices"
	start never-ready
	lab_until "it is synced" sees .synced
	lab_until "it says the same" asked_sees '.compared >= 1'
	lab_door "$leader" elector-x | jq -e '.active | not'
	run notices end
	[[ $output != *READY=1* ]]
	ends
}

@test "what one says else is found, and what it does not say" {
	shadow_up
	start worse
	lab_until "it is compared" sees .comparing
	lab_until "it differs" asked_sees '.difference != null'
	[ $((16#$(difference active))) = "$leader" ]
	[ $((16#$(difference candidate))) != "$leader" ]
	ends
	start hang-shadow
	lab_until "it is silent" asked_sees '.difference != null'
	[ $((16#$(difference active))) = "$leader" ]
	sees '.difference.candidate == null and .attached and .synced'
	ends
	start flood
	lab_until "it differs" sees '.difference != null and .said > 5000'
	ask_vote
	ends
}

@test "a candidate that ends is gone from connmgr's eyes at once" {
	shadow_up
	for kind in crash-attach crash-after-3 crash-after-12; do
		start "$kind"
		while ! lab_gone "$pid"; do
			ask_vote
		done
		wait "$pid" || status=$?
		[ "$status" = 3 ]
		ends
	done
}

@test "attached, and never a shadow" {
	shadow_up
	start hang-attach
	lab_until "connmgr gave its link up" \
		sees '.attached and (.synced | not) and .links_lost == 1 and .said == 0'
	ends
	refused=$(lab_door "$leader" connmgr | jq .drops.refused)
	start set
	lab_until "connmgr refuses its words" refuses_more "$refused"
	sees '.attached | not'
	ends
}

@test "malformed words are counted, and its good ones heard" {
	shadow_up
	start malformed
	lab_until "it is compared" sees .comparing
	lab_until "it says the same" asked_sees '.compared >= 2 and .refused > 30'
	sees '.difference == null and .synced and .links_lost == 0'
	ends
}

@test "one that does not read loses its link, and nobody else does" {
	shadow_up
	start never-drains
	lab_until "it is synced" sees .synced
	"$BATS_TEST_DIRNAME/stranger.py" flood "127.0.0.1:$(lab_port "$leader" election)" 2 \
		</dev/null >"$LAB/new/flood" 3>&- {LAB_LOCK}>&- &
	flood=$!
	running+=("$flood")
	lab_until "it is cut" sees '(.synced | not) and .links_lost >= 1'
	kill "$flood"
	ask_vote
	ends
}

@test "a shadow that acts as the active one is not heard, and is cut" {
	shadow_up
	active=$(lab_door "$leader" connmgr | jq -c '[.workers[] | select(.active)]')
	start usurper
	lab_until "it is cut again and again" sees '.links_lost >= 5'
	sees '.active | not'
	[ "$(lab_door "$leader" connmgr | jq -c '[.workers[] | select(.active)]')" = "$active" ]
	ends
}
