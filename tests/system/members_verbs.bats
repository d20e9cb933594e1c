#!/usr/bin/env bats
# What the command says of memberships, and asks a person before refound. The peer is a false one,
# which says what a test wants; the rules themselves are tried on real servers elsewhere.

load lab

setup() {
	hand=
	lab_make 3
	sed -i '1i version = 3;' "$LAB/1/conclave.conf"
	say "$IN_FORCE"
	echo '{"ok":true}' >"$LAB/said.refound"
}

teardown() {
	if [ -n "$hand" ]; then
		exec {keep}>&- # its standard input
		lab_until "the false peer has ended" lab_gone "$hand"
	fi
	lab_down
}

SERVERS='[{"id":1,"role":"participant","weight":1,"group":null},{"id":2,"role":"participant","weight":1,"group":null},{"id":4,"role":"observer","weight":0,"group":null}]'
IN_FORCE='{"version":3,"wished":3,"joint":false,"from":null,"to":null,"state":"in-force","missing":[],"other":null,"times":0,"other_timing":false,"text":"","record":{"epoch":7,"old":null,"new":{"version":3,"servers":'$SERVERS'}}}'

# say JSON: what the false peer says of memberships from now on
say() {
	echo "$1" >"$LAB/said.new"
	mv "$LAB/said.new" "$LAB/said"
}

# with FILTER: that, changed by jq
with() {
	jq -c "$1" <<<"$IN_FORCE"
}

peer() {
	mkfifo "$LAB/stdin"
	python3 "$BATS_TEST_DIRNAME/fakepeer.py" "$LAB/1/run" "$LAB/said" <"$LAB/stdin" >>"$LAB/1/log" 2>&1 3>&- {LAB_LOCK}>&- &
	hand=$!
	exec {keep}>"$LAB/stdin"
	lab_until "the false peer answers" answers
}

answers() {
	[ "$(lab_conclave 1 leader)" = 2 ]
}

# at_terminal WORD CMD…: its output, where a person at a terminal writes WORD
at_terminal() {
	python3 - "$@" 3>&- <<-'END'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		out, said = b"", not sys.argv[1]
		while True:
		    try:
		        got = os.read(fd, 4096)
		    except OSError:
		        break
		    if not got:
		        break
		    out += got
		    sys.stdout.buffer.write(got.replace(b"\r", b""))
		    sys.stdout.flush()
		    if not said and b"Write yes" in out:
		        os.write(fd, sys.argv[1].encode() + b"\n")
		        said = True
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

@test "members: what is in force beside what the file says" {
	peer
	run -0 lab_conclave 1 members
	[ "${lines[0]}" = "members 3 are in force, the file says 3 too" ]
	[[ "${lines[1]}" == "SERVER  IN FORCE     FILE         NOTE"* ]]
	[[ "${lines[2]}" == "1       participant  participant  this server"* ]]
	[[ "${lines[4]}" == "3       -            participant  -"* ]]
	[[ "${lines[5]}" == "4       observer     -            -"* ]]
	run -0 lab_conclave 1 members --json
	jq -e '.schema == 1 and .id == 1 and .version == 3 and .state == "in-force" and .record.epoch == 7
		and (.servers | length == 4 and all(keys == ["file", "id", "in_force", "next", "note"]))' <<<"$output"
	say "$(with '.version = null | .record = null | .wished = 1 | .text = "founding"')"
	sed -i 's/^version = .*/version = 1;/' "$LAB/1/conclave.conf"
	run -0 lab_conclave 1 members
	[ "${lines[0]}" = "no members are in force, the file says 1" ]
	[ "${lines[1]}" = founding ]
	sed -i 's/^version = .*/version = 2;/' "$LAB/1/conclave.conf"
	run -0 lab_conclave 1 members
	[ "${lines[1]}" = "$LAB/1/conclave.conf has version 2 by now, and was not read again: conclave reload" ]
	[ "$(lab_conclave 1 members --json | jq -c '[.wished, .file]')" = "[1,2]" ]
}

@test "members: a change, with both lists" {
	sed -i 's/^version = .*/version = 4;/' "$LAB/1/conclave.conf"
	say "$(with '.wished = 4 | .joint = true | .from = 3 | .to = 4 | .state = "under-way" | .missing = [5] | .text = "members 3 → 4: under way"
		| .record.old = .record.new | .record.new = {version: 4, servers: [{id: 5, role: "participant", weight: 2, group: null}]}')"
	peer
	run -0 lab_conclave 1 members
	[ "${lines[0]}" = "members 3 are in force, the file says 4" ]
	[ "${lines[1]}" = "members 3 and 4 count both, until the change is done" ]
	[ "${lines[2]}" = "members 3 → 4: under way" ]
	[[ "${lines[3]}" == "SERVER  IN FORCE     NEXT                   FILE         NOTE"* ]]
	[[ "${lines[8]}" == "5       -            participant, weight 2  -            missing"* ]]
}

@test "members are not kept without zab, and nobody answers: said, with a status" {
	run -69 lab_conclave 1 members
	run -69 lab_conclave 1 refound --yes
	say null
	peer
	run -1 lab_conclave 1 members
	[[ "$output" == *"the peer keeps no membership"* ]]
	sed -i 's/^version = .*/zab = false;/' "$LAB/1/conclave.conf"
	for verb in members "refound --yes" "wait --members 2"; do
		# shellcheck disable=SC2086 # a verb with its options
		run -1 lab_conclave 1 $verb
		[[ "$output" == *"with zab = false no membership is kept"* ]]
	done
	[ ! -e "$LAB/said.asked" ]
}

@test "status, health and watch say the sentence; health by how bad it is" {
	say "$(with '.wished = 4 | .state = "waits-join" | .text = "members 4 wait for server 5"')"
	peer
	run -0 lab_conclave 1 status
	[[ "$output" == *$'\nmembers 3   file 4\nmembership: members 4 wait for server 5\n'* ]]
	run lab_conclave 1 health
	[[ "$output" == *$'\nsick: members 4 wait for server 5'* ]]
	timeout 60 "$LAB_ASK/conclave" -c "$LAB/1/conclave.conf" watch >"$LAB/watched" 3>&- {LAB_LOCK}>&- &
	watcher=$!
	lab_until "the watch says it" grep -q 'members 3 .*broadcast  members 4 wait for server 5$' "$LAB/watched"
	say "$(with '.wished = 4 | .state = "under-way" | .text = "members 3 → 4: under way"')"
	lab_until "the watch says more" grep -q 'members 3 .*broadcast  members 3 → 4: under way$' "$LAB/watched"
	kill "$watcher"
	run lab_conclave 1 health
	[[ "$output" == *$'\nnote: members 3 → 4: under way'* && "$output" != *"sick: members"* ]]
	say "$(with '.alone = true | .state = "left-joint" | .missing = [2] | .text = "quorums of both are needed"')"
	run -0 lab_conclave 1 status
	[[ "$output" == *$'\nreason: '* && "$output" == *'quorums of both are needed'* ]]
}

@test "wait --members: reached, passed, late, and what it waits for meanwhile" {
	peer
	run -0 lab_conclave 1 wait --members 3
	[ -z "$output" ]
	run -0 lab_conclave 1 wait --members 3 --json
	jq -e '.event == "state" and .members.version == 3' <<<"$output"
	run -1 lab_conclave 1 wait --members 2
	[ "$output" = "conclave: wait: members 3 are in force, which are newer" ]
	run -2 lab_conclave 1 wait --members 4 --timeout 0
	[ "$output" = "conclave: wait: time is over: this server goes by a file of version 3: write version 4, then conclave reload" ]
	run -2 lab_conclave 1 wait --members 4 --timeout 0 --json
	jq -e '.ok == false' <<<"$output"
	at_terminal "" "$LAB_ASK/conclave" -c "$LAB/1/conclave.conf" wait --members 4 --timeout 60 >"$LAB/waited" 2>&1 {LAB_LOCK}>&- &
	waiter=$!
	say "$(with '.wished = 4 | .text = "members 4 wait for server 5"')"
	lab_until "it says so" grep -q '^members 4 wait for server 5$' "$LAB/waited"
	say "$(with '.wished = 4 | .version = 4')"
	wait "$waiter"
	for bad in 0 -1 x "" 1.5 99999999999; do
		run -64 lab_conclave 1 wait --members "$bad"
	done
	run -64 lab_conclave 1 wait --members 3 --leader
	run -64 lab_conclave 1 wait
}

@test "refound asks a person, and a script must say --yes" {
	peer
	run -64 lab_conclave 1 refound </dev/null
	[[ "$output" == *"forgets members 3 (servers 1 2 4)"*"nothing was done"* ]]
	run -64 lab_conclave 1 refound --json </dev/null
	for word in no "" y YES; do
		run -1 at_terminal "${word:- }" "$LAB_ASK/conclave" -c "$LAB/1/conclave.conf" refound
		[[ "$output" == *"its file: 1 2 3."*"epoch, 9, is kept"*"nothing was done"* ]]
	done
	[ ! -e "$LAB/said.asked" ]
	run -0 at_terminal yes "$LAB_ASK/conclave" -c "$LAB/1/conclave.conf" refound
	[[ "$output" == *"Server 2 leads, so the group is not lost"*"Write yes to go on: yes"*"done; say it on every other server"* ]]
	[ -e "$LAB/said.asked" ]
	rm "$LAB/said.asked"
	run -0 lab_conclave 1 refound --yes </dev/null
	[ -e "$LAB/said.asked" ]
	run -0 lab_conclave 1 refound --yes --json
	[ "$output" = '{"schema":1,"ok":true}' ]
	echo '{"error":"the disk is full"}' >"$LAB/said.refound"
	run -1 lab_conclave 1 refound --yes
	[[ "$output" == *"refound: refused: the disk is full" ]]
}
