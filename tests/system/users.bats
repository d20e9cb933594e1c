#!/usr/bin/env bats
# A conclaved that was started as root, where the machine has the users of the workers: they are put over
# /etc/passwd and /etc/group in a mount namespace of the server's own. And what is said where they cannot be used.

load lab

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root, which can start workers as other users"
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
}

teardown() {
	lab_down
}

# machine CMD…: becomes CMD on a machine that has the users. MACHINE_LACKS: but for those with this name;
# MACHINE_NET=-n: it has a network of its own.
machine() {
	{
		cat /etc/passwd
		local name uid=60901
		for name in conclave conclave-connmgr conclave-elector conclave-peer; do
			[[ $name == ${MACHINE_LACKS:-} ]] || echo "$name:x:$uid:60900::/:/usr/sbin/nologin"
			uid=$((uid + 1))
		done
	} >"$LAB/passwd"
	{ cat /etc/group; echo "conclave:x:60900:"; } >"$LAB/group"
	exec unshare -m ${MACHINE_NET:-} -- bash -c '[ -z "$2" ] || ip link set lo up; mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && shift 2 && exec "$@"' \
		machine "$LAB" "${MACHINE_NET:-}" "$@"
}

# users_start ID [CMD…]: starts it on such a machine, by that command
users_start() {
	local id=$1
	shift
	machine "$@" "$CONCLAVE_BIN/conclaved" -c "$LAB/$id/conclave.conf" >>"$LAB/$id/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
	echo $! >"$LAB/$id/pid"
}

# ask FOLDER WORDS [UID [GID]]: at that door of server 1
ask() {
	setpriv --reuid "${3:-0}" --regid "${4:-0}" --clear-groups -- \
		"$LAB/fakeworker" ask "$LAB/1/run/$1/door" "$2"
}

# users_make: one server whose folders and programs every user can get at
users_make() {
	lab_make 1
	chmod 711 "$LAB" "$LAB/1"
	cp "$CONCLAVE_BIN/../tests/fakeworker" "$LAB"
	cp -r "$CONCLAVE_BIN" "$LAB/bin"
	chmod -R go+rX "$LAB/bin" "$LAB/fakeworker"
	echo "program_dir = \"$LAB/bin\";" >>"$LAB/1/conclave.conf"
}

# apart: conclaved's word
apart() {
	ask conclaved status | jq -e .apart >/dev/null
}

# said WORDS: it is in a note of the health of server 1
said() {
	lab_conclave 1 health --json | jq -e --arg words "$1" \
		'(.notes | length == 1) and (.notes[0] | contains($words) and contains("not kept apart"))'
}

is_user() {
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$(lab_pid 1 "$1")/status")" = "$2 $2 $2 $2" ]
}

@test "each worker has a user, a folder and a part of its own, and no way back" {
	local worker uid status
	users_make
	users_start 1
	lab_wait_leader 1
	apart
	uid=60902
	for worker in connmgr elector peer; do
		is_user $worker $uid
		status=/proc/$(lab_pid 1 $worker)/status
		[ "$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "$status")" = "60900 60900 60900 60900" ]
		[ "$(awk '/^Groups:/ { print $2, $3 }' "$status")" = "60900 " ]
		[ "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' "$status" | sort -u)" = 0000000000000000 ]
		[ "$(stat -c %u:%g:%a "$LAB/1/run/${worker/elector/elector-main}")" = $uid:60900:710 ]
		uid=$((uid + 1))
	done
	[ "$(stat -c %u:%g:%a "$LAB/1/run")" = 0:60900:710 ]
	[ "$(stat -c %u:%g:%a "$LAB/1/data/peer")" = 60904:60900:710 ]
	lab_conclave 1 health --json | jq -e '.verdict == "healthy" and .notes == []'
	lab_conclave 1 status --json | jq -e 'all(.processes[]; .rss_kb != null)'
}

@test "workers are signalled, replaced and stopped as before" {
	local worker pid pids
	users_make
	users_start 1
	lab_wait_leader 1
	for worker in connmgr elector peer; do
		pid=$(lab_pid 1 $worker)
		lab_conclave 1 restart $worker
		lab_until "another $worker" lab_replaced 1 $worker "$pid"
		pid=$(lab_pid 1 $worker)
		kill -STOP "$pid"
		lab_until "another $worker" lab_replaced 1 $worker "$pid"
	done
	is_user elector 60903
	lab_wait_leader 1
	mapfile -t pids < <(lab_tree 1)
	[ ${#pids[@]} = 4 ]
	kill -9 "${pids[0]}"
	lab_until "the workers die with conclaved" lab_all_gone "${pids[@]}"
}

@test "a worker's user may read, attach as its worker, and nothing else; a stranger may not even read" {
	local uid
	users_make
	users_start 1
	lab_wait_leader 1
	for uid in 60902 60903 60904; do
		[[ "$(ask conclaved status $uid 60900)" == *'"processes"'* ]]
		[[ "$(ask peer status $uid 60900)" == *'"claim"'* ]]
		for words in "conclaved:swap 0 force /bin/true" conclaved:reload "conclaved:restart peer" conclaved:undo \
			"connmgr:promote forward main" "connmgr:accept main" "peer:claim 1"; do
			[[ "$(ask "${words%%:*}" "${words#*:}" $uid 60900)" == *"only root and the user of conclaved"* ]]
		done
		run ! setpriv --reuid $uid --regid 60900 --clear-groups touch "$LAB/1/run/conclaved/x" "$LAB/1/run/x" "$LAB/1/data/x"
	done
	run ! setpriv --reuid 60903 --regid 60900 --clear-groups rm -f "$LAB/1/run/connmgr/door" "$LAB/1/run/peer/door"
	run ! setpriv --reuid 60903 --regid 60900 --clear-groups ls "$LAB/1/run/connmgr"
	run ! ask conclaved status 60999 60900
	lab_conclave 1 status --json | jq -e '.claim == "0x0"'
	[[ "$(ask conclaved reload 60901 60900)" == *'"ok":true'* ]]
}

@test "connmgr gets at ports below 1024, and has no other capability" {
	local status
	users_make
	sed -i -E 's/quorum_port = [0-9]+; election_port = [0-9]+/quorum_port = 88; election_port = 99/' "$LAB/1/conclave.conf"
	MACHINE_NET=-n users_start 1
	lab_wait_leader 1
	apart
	is_user connmgr 60902
	status=/proc/$(lab_pid 1 connmgr)/status
	[ "$(awk '/^Cap(Prm|Eff|Amb):/ { print $2 }' "$status" | sort -u)" = 0000000000000400 ]
	status=/proc/$(lab_pid 1 peer)/status
	[ "$(awk '/^Cap(Prm|Eff|Amb):/ { print $2 }' "$status" | sort -u)" = 0000000000000000 ]
	lab_conclave 1 health --json | jq -e '.verdict == "healthy" and all(.listeners[]; .state == "open")'
}

@test "a swap of the elector keeps the users" {
	users_make
	users_start 1
	lab_wait_leader 1
	cp "$LAB/bin/conclave-elector" "$LAB/bin/elector-2"
	lab_conclave 1 swap elector "$LAB/bin/elector-2"
	lab_wait_leader 1
	is_user elector 60903
	lab_conclave 1 swap --undo
	is_user elector 60903
}

@test "root with nothing but what it takes to change users becomes the user conclave, and starts them all the same" {
	local status
	users_make
	install -d -m 710 -o 60901 -g 60900 "$LAB/1/run" "$LAB/1/data"
	users_start 1 setpriv --bounding-set=-all,+setuid,+setgid --inh-caps=-all
	lab_wait_leader 1
	apart
	status=/proc/$(lab_pid 1 conclaved)/status
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "$status")" = "60901 60901 60901 60901" ]
	[ "$(awk '/^Cap(Prm|Eff):/ { print $2 }' "$status" | sort -u)" = 00000000000000c0 ]
	is_user connmgr 60902
	is_user peer 60904
	[ "$(stat -c %u:%g:%a "$LAB/1/run")" = 60901:60900:710 ]
	[ "$(stat -c %u:%g:%a "$LAB/1/run/peer")" = 60904:60900:710 ]
	lab_conclave 1 restart elector
	lab_wait_leader 1
	is_user elector 60903
}

@test "where a user is missing all run as one, and health says so with what to do" {
	users_make
	MACHINE_LACKS=conclave-peer users_start 1
	lab_wait_leader 1
	run ! apart
	said systemd-sysusers
	[[ "$(lab_conclave 1 health)" == *"note: the workers are not kept apart"* ]]
	is_user peer 0
}

@test "where a user cannot get at the folders or programs all run as one, and health names what" {
	users_make
	chmod 700 "$LAB/bin"
	users_start 1
	lab_wait_leader 1
	run ! apart
	said "conclave-connmgr cannot get at $LAB/bin/conclave-connmgr"
	is_user peer 0
}

@test "what root has left as the only user is handed over, with the epoch" {
	local epoch
	users_make
	lab_start 1
	lab_wait_leader 1
	run ! apart
	epoch=$(lab_conclave 1 status --json | jq .epoch)
	lab_stop 1
	users_start 1
	lab_wait_leader 1
	apart
	is_user peer 60904
	[ "$(lab_conclave 1 status --json | jq .epoch)" -gt "$epoch" ]
	[ "$(find "$LAB/1/data/peer" ! -uid 60904 | wc -l)" = 0 ]
}

@test "a folder of somebody else is not used, and the worker says whose it should be" {
	users_make
	install -d -m 755 "$LAB/1/data"
	install -d -m 700 -o 60999 "$LAB/1/data/peer"
	users_start 1
	lab_until "it says so" grep "$LAB/1/data/peer.*60904" "$LAB/1/log"
	apart
	[ "$(stat -c %u "$LAB/1/data/peer")" = 60999 ]
}
