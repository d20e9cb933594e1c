#!/usr/bin/env bats
# Folders that cannot be written, records that are damaged, configurations that are wrong.

load lab
load lab_odd

setup() {
	mounted=
}

teardown() {
	if [ -n "$mounted" ]; then
		lab_stop 1
		umount -l "$mounted"
	fi
	lab_down
}

@test "a wrong configuration starts nothing: file, line, what to write; exit 78" {
	lab_up 1
	lab_stop 1
	local conf=$LAB/bad.conf good=$LAB/1/conclave.conf
	check() { # SED-SCRIPT WORD…
		sed -E "$1" "$good" >"$conf"
		! cmp -s "$conf" "$good"
		shift
		for program in conclaved conclave-connmgr conclave-elector conclave-peer; do
			run -78 "$CONCLAVE_BIN/$program" -c "$conf"
			[[ "$output" == *"$conf:"[0-9]*": "* ]]
			for word; do
				[[ "$output" == *"$word"* ]]
			done
		done
		run -78 "$CONCLAVE_BIN/conclave" check "$conf"
	}
	check 's/^id = .*/id = 9;/' servers
	check 's/^id = .*/idd = 1;/' idd
	check 's/^id = .*/id = "one";/' id
	check 's/^id = .*/id = 5000000000;/' L
	check 's/election_port = [0-9]+/election_port = 70000/' 65535
	check 's/^run_dir.*/run_dir = "relative";/' run_dir
	check 's/^id = .*/id = 1;;{/' syntax
}

@test "check prints a file that checks to itself" {
	lab_up 1
	run -0 "$CONCLAVE_BIN/conclave" check "$LAB/1/conclave.conf"
	echo "$output" >"$LAB/canonical.conf"
	run -0 "$CONCLAVE_BIN/conclave" check "$LAB/canonical.conf"
	[ "$output" = "$(cat "$LAB/canonical.conf")" ]
}

@test "run_dir that cannot be made: a clear message and no process" {
	lab_up 1
	lab_stop 1
	: >"$LAB/file"
	sed -E "s|^run_dir.*|run_dir = \"$LAB/file/run\";|" "$LAB/1/conclave.conf" >"$LAB/bad.conf"
	run "$CONCLAVE_BIN/conclaved" -c "$LAB/bad.conf"
	[ "$status" != 0 ]
	[[ "$output" == *"$LAB/file"* ]]
}

# all_ready ID: every worker is, none of them was ever restarted
all_ready() {
	lab_conclave "$1" status --json | jq -e '
		[.processes[] | select(.name != "conclaved" and .state == "ready" and .restarts == 0)] |
		length == 3'
}

# lab_odd_start ID: with a disk that hangs while $LAB/hang is there, and fails while $LAB/fail is
lab_odd_start() {
	LD_PRELOAD=$(realpath "$CONCLAVE_BIN/../tests/hang.so") CONCLAVE_TEST_HANG=$LAB/hang CONCLAVE_TEST_FAIL=$LAB/fail \
		ASAN_OPTIONS=verify_asan_link_order=0 lab_start "$1"
}

@test "the record is text, made once, and the same file from then on" {
	lab_up 1
	lab_wait_leader
	record=$LAB/1/data/peer/epochs
	[ "$(stat -c %s "$record")" = 8192 ]
	before=$(stat -c %i "$record")
	epoch=$(lab_conclave 1 status --json | jq .epoch)
	lab_conclave 1 claim 42
	lab_conclave 1 restart peer
	lab_until "another epoch" eval '[ "$(lab_conclave 1 status --json | jq ".epoch // 0")" -gt '"$epoch"' ]'
	lab_wait_leader
	[ "$(stat -c %i "$record")" = "$before" ]
	[ "$(tr -d ' ' <"$record" | grep -c '^claim0x2a$')" = 2 ]
	grep -q "^accepted $(lab_conclave 1 status --json | jq .epoch)$" "$record"
}

@test "a damaged record: that server takes no part and says what to do, which helps" {
	lab_up 3
	lab_wait_leader
	lab_stop 1
	record=$LAB/1/data/peer/epochs
	cp "$record" "$LAB/good"
	bad() { # a record that is: empty, short, noise, old, of another version
		case $1 in
		empty) : >"$record" ;;
		short) head -c 4000 "$LAB/good" >"$record" ;;
		noise) tr 'a-z' 'b-za' <"$LAB/good" >"$record" ;;
		wrong) "$BATS_TEST_DIRNAME/epochs.py" 1 2 >"$record" ;;
		esac
	}
	for kind in empty short noise wrong; do
		bad "$kind"
		lab_start 1
		lab_until "server 1 says what to do" lab_reason_says 1 "$record"
		lab_reason_says 1 "conclave restart peer"
		lab_is_state 1 looking
		run -1 lab_conclave 1 claim 5
		[[ "$output" == *"$record"* ]]
		lab_wait_leader 2 3
		lab_stop 1
	done
	lab_start 1
	lab_until "server 1 says why" lab_reason_says 1 "$record"
	epoch=$(lab_conclave "$(lab_wait_leader 2 3)" status --json | jq .epoch)
	mv "$record" "$LAB/bad"
	lab_conclave 1 restart peer
	lab_until "server 1 follows" lab_is_state 1 following
	[ "$(lab_conclave 1 status --json | jq .epoch)" -ge "$epoch" ]
}

@test "one bad slot costs nothing, and is written again" {
	lab_up 1
	lab_wait_leader
	lab_conclave 1 claim 42
	record=$LAB/1/data/peer/epochs
	for slot in 0 1; do
		is_whole() { # both slots have the claim, so that one may go
			[ "$(tr -d ' ' <"$record" | grep -c '^claim0x2a$')" = 2 ]
		}
		lab_until "both slots are good" is_whole
		lab_stop 1
		tr '\0' x </dev/zero | head -c 4096 | dd of="$record" bs=4096 seek="$slot" conv=notrunc status=none
		! is_whole
		lab_start 1
		lab_wait_leader
		[ "$(lab_conclave 1 status --json | jq -r .claim)" = 0x2a ]
	done
}

# instance_of ID: the random name of its disk
instance_of() {
	tr -s ' ' <"$LAB/$1/data/peer/membership" | sed -n 's/^instance //p' | sort -u
}

@test "a folder that was copied is another disk, and keeps its promise; one that was moved is not" {
	lab_up 1
	lab_wait_leader
	lab_conclave 1 claim 42
	instance=$(instance_of 1)
	[ "${#instance}" = 32 ]
	epoch=$(lab_conclave 1 status --json | jq .epoch)
	lab_stop 1
	mv "$LAB/1/data/peer" "$LAB/1/data/elsewhere"
	mv "$LAB/1/data/elsewhere" "$LAB/1/data/peer"
	lab_start 1
	lab_wait_leader
	[ "$(instance_of 1)" = "$instance" ]
	lab_stop 1
	cp -a "$LAB/1/data/peer" "$LAB/copy"
	rm -r "$LAB/1/data/peer"
	cp -a "$LAB/copy" "$LAB/1/data/peer"
	lab_start 1
	lab_wait_leader
	is_another() { # in both slots, once the second one is written, too
		[ "$(instance_of 1 | wc -l)" = 1 ] && [ "$(instance_of 1)" != "$instance" ]
	}
	lab_until "its instance is another one" is_another
	[ "$(lab_conclave 1 status --json | jq .epoch)" -gt "$((epoch + 1))" ]
	[ "$(lab_conclave 1 status --json | jq -r .claim)" = 0x2a ]
}

@test "a membership that is damaged, or gone: that server takes no part, and what it says helps" {
	lab_up 1
	lab_wait_leader
	folder=$LAB/1/data/peer
	spoil() {
		case $1 in
		damaged) tr 'a-z' 'b-za' <"$folder/membership" >"$LAB/bad" && cat "$LAB/bad" >"$folder/membership" ;;
		gone) rm "$folder/membership" ;;
		esac
	}
	for kind in damaged gone; do
		lab_stop 1
		spoil "$kind"
		lab_start 1
		lab_until "server 1 says what to do" lab_reason_says 1 "$folder/membership"
		lab_reason_says 1 "move epochs and membership out of that folder"
		lab_reason_says 1 "conclave restart peer"
		run -1 lab_conclave 1 claim 5
		[[ "$output" == *"$folder/membership"* ]]
		rm -f "$folder/epochs" "$folder/membership"
		lab_conclave 1 restart peer
		lab_wait_leader
	done
}

@test "a full data_dir: a first start says to make room, and needs no other help" {
	[ "$(id -u)" = 0 ] || skip "needs root, to mount"
	lab_make 1
	mkdir -m 755 "$LAB/1/data"
	mount -t tmpfs -o size=64k,mode=755 conclave-test "$LAB/1/data" || skip "nothing can be mounted here"
	mounted=$LAB/1/data
	! head -c 1M /dev/zero >"$LAB/1/data/filling"
	lab_start 1
	lab_until "server 1 says what to do" lab_reason_says 1 "make room"
	lab_reason_says 1 "data/peer"
	rm "$LAB/1/data/filling"
	lab_wait_leader
}

@test "a full data_dir: epochs and claims are written on" {
	[ "$(id -u)" = 0 ] || skip "needs root, to mount"
	lab_make 1
	mkdir -m 755 "$LAB/1/data"
	mount -t tmpfs -o size=256k,mode=755 conclave-test "$LAB/1/data" || skip "nothing can be mounted here"
	mounted=$LAB/1/data
	lab_start 1
	lab_wait_leader
	! head -c 1M /dev/zero >"$LAB/1/data/filling"
	epoch=$(lab_conclave 1 status --json | jq .epoch)
	run -0 lab_conclave 1 claim 7
	lab_conclave 1 restart peer
	later() {
		[ "$(lab_conclave 1 status --json | jq '.epoch // 0')" -gt "$epoch" ]
	}
	lab_until "server 1 leads in a later epoch" later
	lab_wait_leader
	[ "$(lab_conclave 1 claim)" = 0x7 ]
}

@test "files of the time before the record: that server takes no part and names them; without them it does" {
	lab_make 3
	lab_found
	rm "$LAB"/3/data/peer/{epochs,membership}
	echo 7 >"$LAB/3/data/peer/acceptedEpoch"
	for id in 3 1 2; do
		lab_start "$id"
	done
	lab_wait_leader 1 2
	lab_until "server 3 says why" lab_reason_says 3 "$LAB/3/data/peer/acceptedEpoch"
	lab_is_state 3 looking
	[ ! -e "$LAB/3/data/peer/epochs" ]
	rm "$LAB/3/data/peer/acceptedEpoch"
	lab_conclave 3 restart peer
	lab_until "server 3 follows" lab_is_state 3 following
}

# warns ID TEXT: does health of ID say so?
warns() {
	lab_conclave "$1" health --json | jq -e --arg text "$2" 'any(.reasons[]; contains($text))'
}

@test "a record that promises nearly the last epoch costs the others nothing" {
	lab_make 3
	lab_found
	for record in "2147483647 2147483647" "2147483646 0"; do
		read -r accepted current <<<"$record"
		number=$(lab_membership 3)
		"$BATS_TEST_DIRNAME/epochs.py" "$accepted" "$current" 0 "$number" >"$LAB/3/data/peer/epochs"
		for id in 3 1 2; do
			lab_start "$id"
		done
		leader=$(lab_wait_leader 1 2)
		lab_until "server 3 says why" lab_reason_says 3 "data/peer/epochs promises epoch $accepted"
		lab_until "the leader says who is kept out" warns "$leader" "server 3 has promised epoch $accepted"
		epoch=$(lab_conclave "$leader" status --json | jq .epoch)
		[ "$epoch" -lt 1000 ]
		# the leader ends: again nobody but the others leads, by the next epochs
		lab_conclave "$leader" restart peer
		leader=$(lab_wait_leader 1 2)
		[ "$(lab_conclave "$leader" status --json | jq .epoch)" -lt 1000 ]
		lab_until "server 3 is kept out again" warns "$leader" "server 3 has promised epoch $accepted"
		# and mended as the manual says, it follows
		rm "$LAB/3/data/peer/epochs"
		lab_conclave 3 restart peer
		lab_until "server 3 follows" lab_is_state 3 following
		[ "$(lab_conclave 3 status --json | jq .epoch)" -lt 1000 ]
		for id in 1 2 3; do
			lab_stop "$id"
		done
	done
}

@test "a record that cannot be read at the start: no part, and the reason; mended, it follows" {
	lab_up 3
	lab_wait_leader
	lab_stop 3
	lab_wait_leader 1 2
	: >"$LAB/fail"
	lab_odd_start 3
	lab_until "server 3 says why" lab_reason_says 3 "data/peer/epochs"
	run lab_conclave 3 leader
	[ "$status" = 2 ]
	all_ready 3
	second=$(lab_wait_leader 1 2)
	# with one of the others gone there is no quorum of promises, so nobody leads
	lab_kill $((3 - second))
	lab_until "nobody leads" lab_is_state "$second" looking
	lab_is_state 3 looking
	rm "$LAB/fail"
	lab_wait_leader "$second" 3
}

@test "a disk that hangs at the start: the server is ready, takes no part and says why; then it follows" {
	lab_make 3
	lab_found
	: >"$LAB/hang"
	lab_start 1
	lab_start 2
	lab_odd_start 3
	lab_wait_leader 1 2
	lab_until "server 3 says why" lab_reason_says 3 "data/peer/epochs is being read since"
	lab_door 3 peer | jq -e '.obstacle == "disk"'
	all_ready 3
	lab_is_state 3 looking
	rm "$LAB/hang"
	lab_until "server 3 follows" lab_is_state 3 following
}

@test "an epoch that cannot be written: no promise, no lead, and the reason; mended, it follows" {
	lab_make 3
	lab_found
	lab_start 1
	lab_start 2
	second=$(lab_wait_leader 1 2)
	lab_odd_start 3
	lab_until "server 3 follows" lab_is_state 3 following
	: >"$LAB/fail"
	lab_kill $((3 - second)) # with 3 a quorum is left, which cannot promise
	lab_conclave "$second" restart peer
	lab_until "server 3 says why" lab_reason_says 3 "data/peer/epochs cannot be written"
	lab_until "nobody leads" lab_is_state "$second" looking
	run lab_conclave 3 leader
	[ "$status" = 2 ]
	rm "$LAB/fail"
	lab_wait_leader "$second" 3
}

@test "a record that cannot be written: nobody is active, nobody is killed for it; mended, they are" {
	lab_up 3
	lab_wait_leader
	for who in elector peer; do
		lab_stop 1
		rm -f "$LAB/1/run/connmgr/$who.new"
		mkdir "$LAB/1/run/connmgr/$who.new"
		lab_start 1
		lab_until "server 1 says why its $who is not active" \
			lab_health_says 1 "record of the $who cannot be written"
		lab_until "all are ready" all_ready 1
		lab_is_state 1 looking
		lab_wait_leader 2 3
		rmdir "$LAB/1/run/connmgr/$who.new"
		lab_until "server 1 follows" lab_is_state 1 following
		all_ready 1
	done
}

@test "the copy of the record cannot be written: all work, health says so; mended, it is written" {
	lab_make 3
	mkdir -p "$LAB/1/data/connmgr/elector.new"
	chmod -R go= "$LAB/1/data"
	for id in 1 2 3; do
		lab_start "$id"
	done
	lab_wait_leader
	lab_until "server 1 says so" lab_health_says 1 "the record in .* cannot be written"
	all_ready 1
	[ ! -e "$LAB/1/data/connmgr/elector" ]
	rmdir "$LAB/1/data/connmgr/elector.new"
	lab_until "it is written" grep -qx "name main" "$LAB/1/data/connmgr/elector"
	lab_until "server 1 is well" eval '! lab_health_says 1 "the record"'
	all_ready 1
}

@test "a disk that hangs: the best candidate steps back and says why, another leads; then it follows" {
	lab_make 3
	lab_found
	lab_start 1
	lab_start 2
	leader=$(lab_wait_leader 1 2)
	lab_odd_start 3
	lab_until "server 3 follows" lab_is_state 3 following
	: >"$LAB/hang"
	lab_conclave "$leader" restart peer # all look, and 3 is the best of them
	lab_until "server 3 says why" lab_reason_says 3 "data/peer/epochs is being written since"
	lab_wait_leader 1 2
	lab_is_state 3 looking
	rm "$LAB/hang"
	lab_until "server 3 follows" lab_is_state 3 following
	lab_reason_says 3 "" && ! lab_reason_says 3 written
}
