#!/usr/bin/env bats
# TLS between servers with a key of the group (tls.mode = "psk"): who has it is believed, nobody else is,
# and keys are replaced while links stand.

load lab
load lab_odd

bats_require_minimum_version 1.5.0

setup() {
	keys=$(mktemp -d /tmp/conclave-keys-XXXXXX)
	psk="tls = { mode = \"psk\"; key_file = \"$keys/group.key\"; };"
	new_key a >"$keys/group.key"
	chmod 600 "$keys/group.key"
}

teardown() {
	lab_down
	rm -rf "$keys"
}

# new_key ID: a line with a new key of that name
new_key() {
	"$CONCLAVE_BIN/conclave" keygen | sed "s/^[0-9a-f]* /$1 /"
}

# tls ID FILTER: of what its connmgr says of TLS
tls() {
	lab_door "$1" connmgr status | jq -e ".tls | $2"
}

# links ID WORD: so many links of that server stand as WORD
links() {
	lab_door "$1" connmgr status | jq "[.remotes[] | select(.link == \"up\" and .tls == \"$2\")] | length"
}

all_links() { # COUNT WORD ID…
	local id count=$1 word=$2
	shift 2
	for id; do
		[ "$(links "$id" "$word")" -ge "$count" ] || return 1
	done
}

# reason ID OF: why the election link to it does not stand
reason() {
	lab_door "$1" connmgr status | jq -r ".remotes[] | select(.id == $2 and .lane == \"election\") | .reason"
}

reason_is() {
	[ "$(reason "$1" "$2")" = "$3" ]
}

# own_keys ID TEXT: that server has a file of its own
own_keys() {
	printf '%s\n' "$2" >"$keys/$1.key"
	chmod 600 "$keys/$1.key"
	sed -i "s,/group.key,/$1.key," "$LAB/$1/conclave.conf"
}

@test "servers with one key elect, fail over, and say so" {
	lab_up 3 "$psk"
	leader=$(lab_wait_leader)
	lab_until "all links have the key" all_links 2 "psk a" 1 2 3
	tls 1 '.mode == "psk" and .keys == ["a"] and .plain == 0 and .others == 0 and .error == ""'
	lab_conclave 1 health --json | jq -e '.verdict == "healthy" and all(.notes[]; test("tls|key") | not)'
	lab_kill "$leader"
	next=$(lab_wait_leader)
	[ "$next" != "$leader" ]
}

@test "a server with another key, and one without TLS, are refused, and down for nobody" {
	lab_up 3 "$psk"
	lab_wait_leader
	lab_stop 3
	own_keys 3 "$(new_key a)" # the same name
	lab_start 3
	lab_until "1 and 2 have a leader" lab_one_leader 1 2
	leader=$(lab_one_leader 1 2)
	lab_until "3 names it" reason_is 3 1 tls
	lab_until "and so does who dials it" eval 'grep -q "TLS handshake with server 3 failed" "$LAB"/[12]/log'
	run ! reason_is 1 3 refused
	run ! reason_is 2 3 refused
	[ "$(lab_one_leader 1 2)" = "$leader" ]
	lab_stop 3
	sed -i 's/tls = {[^}]*};//' "$LAB/3/conclave.conf"
	lab_start 3
	lab_until "a plain connection is refused" tls "$leader" '.plain > 0'
	[ "$(lab_one_leader 1 2)" = "$leader" ]
}

@test "who is reached in plain is taken while enforce is false" {
	lab_make 3 "${psk/;/; enforce = false;}"
	sed -i 's/tls = {[^}]*};//' "$LAB/3/conclave.conf"
	lab_start 1
	lab_start 2
	lab_start 3
	lab_wait_leader
	lab_until "1 and 2 have the key between them" all_links 1 "psk a" 1 2
	lab_until "and 3 is plain" all_links 1 plain 1 2 3
	lab_conclave 1 health --json | jq -e 'any(.notes[]; test("tls.enforce is false: [0-9]+ links are plain"))'
}

@test "keys are replaced in any order, and no link ends for it" {
	lab_up 3 "$psk"
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	lab_until "all links have the key" all_links 2 "psk a" 1 2 3
	cp "$keys/group.key" "$keys/old"
	{ new_key b; cat "$keys/old"; } >"$keys/next"
	chmod 600 "$keys/next"
	mv "$keys/next" "$keys/group.key"
	for id in 2 3 1; do
		lab_conclave $id reload
		lab_until "server $id has both" tls $id '.keys == ["b", "a"]'
	done
	all_links 2 "psk a" 1 2 3
	lab_conclave 1 health --json | jq -e 'any(.notes[]; test("begun with an older key than the first one, b"))'
	# a new connection has the new key; one that does not know it is dialled with the next
	lab_stop 3
	own_keys 3 "$(cat "$keys/old")"
	lab_start 3
	lab_until "3 is linked with the old key" all_links 1 "psk a" 3
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ] || [ "$leader" = 3 ]
}

@test "a file that cannot be used is refused at a start, and changes nothing at a reload" {
	lab_up 3 "$psk"
	leader=$(lab_wait_leader)
	echo "b 00" >>"$keys/group.key"
	run ! lab_conclave 1 check
	[[ "$output" == *"group.key:2: a key has 64 hexadecimal digits"* ]]
	lab_conclave 1 reload
	lab_until "it says so" tls 1 '.keys == ["a"] and (.error | test("group.key:2"))'
	lab_conclave 1 health --json | jq -e '.verdict == "degraded" and any(.reasons[]; test("goes on with the keys that it read before"))'
	[ "$(lab_wait_leader)" = "$leader" ]
	chmod 644 "$keys/group.key"
	run -78 "$CONCLAVE_BIN/conclave-connmgr" --config "$LAB/1/conclave.conf"
}
