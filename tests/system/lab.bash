# An ensemble of real servers for a bats test, on loopback, each in $LAB/ID: conclave.conf, run/,
# data/, log (standard error of its processes), events (what `conclave watch --json` said, from the
# first start to the end). Waiting is always for a state, up to a deadline.
#
#   lab_up N [TEXT]         makes and starts servers 1 … N; TEXT goes into every configuration; its
#                           lines `role4 = observer` (weight2, group3, priority2, id1) are about one server
#   lab_make N [TEXT]       makes them only
#   lab_found               founds the group of all that were made, which needs all of them once, and
#                           kills them: whoever is started from then on belongs to a group
#   lab_start ID  lab_stop ID  lab_kill ID     start; SIGTERM and wait; kill -9 of the whole tree
#   lab_conclave ID ARG…    the command, asking that server
#   lab_pid ID NAME         the pid of conclaved, connmgr, elector or peer
#   lab_wait_leader [ID…]   waits until these (default: all that run) name one of them, which leads;
#                           prints it
#   lab_until WHAT CMD…     waits until CMD succeeds
#   lab_down                for teardown: stops all; fails if a process is left, a sanitizer spoke or
#                           the events contradict what must always hold
#
# CONCLAVE_BIN: the programs (build/bin). LAB_ASK: the folder of the command that asks them (the
# same). LAB_IPC: nng or seqpacket. LAB_SLOW=1: longer deadlines.
# LAB_TEXT: goes into every configuration too.
# LAB_KEEP=1: the folder stays.

bats_require_minimum_version 1.5.0

CONCLAVE_BIN=${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
LAB_ASK=${LAB_ASK:-$CONCLAVE_BIN}
LAB_DEADLINE_MS=$((${LAB_SLOW:-0} ? 60000 : 20000))
# A sanitizer's report does not get through the filters, and it calls what they refuse.
LAB_RIGHTS=$(grep -sqE '__(asan|tsan)_init' "$CONCLAVE_BIN/conclave-connmgr" && echo off || echo on)
LAB_PORTS=/tmp/conclave-ports-$UID # tests/lab/ports.c takes from it too
LAB_PORTS_FIRST=10000
LAB_PORTS_BLOCK=64
LAB_PORTS_BLOCKS=340
LAB=
exec {LAB_NAP}<> <(:) # nothing ever comes out of it

# A process costs more than what is waited for, so the lab starts few.
lab_nap() {
	read -rt 0.05 -u "$LAB_NAP" || true
}

lab_now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# lab_until WHAT CMD…
lab_until() {
	local what=$1 until=$((${EPOCHREALTIME/[.,]/} / 1000 + LAB_DEADLINE_MS))
	shift
	while ! "$@" >/dev/null 2>&1; do
		if ((${EPOCHREALTIME/[.,]/} / 1000 >= until)); then
			echo "not in $LAB_DEADLINE_MS ms: $what" >&2
			lab_show >&2
			return 1
		fi
		lab_nap
	done
}

lab_show() {
	local dir
	for dir in "$LAB"/[0-9]*; do
		echo "--- server ${dir##*/}"
		"$CONCLAVE_BIN/conclave" -c "$dir/conclave.conf" status 2>&1 || true
		"$CONCLAVE_BIN/conclave" -c "$dir/conclave.conf" health 2>&1 || true # who stood still, and for how long
	done
}

# lab_ports_free FIRST: nobody listens at one of the block
lab_ports_free() {
	[ -z "$(ss -Hltn "sport >= :$1 and sport < :$(($1 + LAB_PORTS_BLOCK))")" ]
}

# A block of ports that nobody else has for as long as this test runs, in LAB_PORT.
lab_take_ports() {
	local i block
	[ -d "$LAB_PORTS" ] || mkdir -m 700 "$LAB_PORTS" 2>/dev/null || [ -d "$LAB_PORTS" ]
	for ((i = 0; i < LAB_PORTS_BLOCKS; i++)); do
		block=$((($$ + i) % LAB_PORTS_BLOCKS))
		exec {LAB_LOCK}>"$LAB_PORTS/$block"
		LAB_PORT=$((LAB_PORTS_FIRST + block * LAB_PORTS_BLOCK))
		if flock -n "$LAB_LOCK" && lab_ports_free "$LAB_PORT"; then
			return 0
		fi
		exec {LAB_LOCK}>&-
	done
	echo "no free ports" >&2
	return 1
}

# lab_make N [TEXT]
lab_make() {
	local n=$1 text=${2:-} common="" servers="" id key line dirs=()
	local -A special=()
	[ -z "$LAB" ] || return 1
	LAB=$(mktemp -d /tmp/conclave-lab-XXXXXX)
	lab_take_ports
	while IFS= read -r line; do
		if [[ $line =~ ^[[:space:]]*(role|weight|group|priority|id)([0-9]+)\ =\ ([^;]+)\;?$ ]]; then
			special[${BASH_REMATCH[1]}${BASH_REMATCH[2]}]=${BASH_REMATCH[3]}
		else
			common+=$line$'\n'
		fi
	done <<<"$text"
	for ((id = 1; id <= n; id++)); do
		line="{ id = ${special[id$id]:-$id}; host = \"127.0.0.1\";"
		line+=" quorum_port = $((LAB_PORT + 2 * id)); election_port = $((LAB_PORT + 2 * id + 1));"
		for key in weight group priority; do
			[ -z "${special[$key$id]:-}" ] || line+=" $key = ${special[$key$id]};"
		done
		[ -z "${special[role$id]:-}" ] || line+=" role = \"${special[role$id]}\";"
		servers+="	$line }"
		[ "$id" = "$n" ] || servers+=,
		servers+=$'\n'
	done
	# A busy machine must not be what changes the leader: it may stand still for 2.4 s.
	[[ "$common${LAB_TEXT:-}" = *timing* ]] || common+='timing = { tick_ms = 400; init_limit = 20; };'
	for ((id = 1; id <= n; id++)); do
		dirs+=("$LAB/$id")
	done
	mkdir "${dirs[@]}"
	for ((id = 1; id <= n; id++)); do
		printf '%s\n' "id = ${special[id$id]:-$id};" "run_dir = \"$LAB/$id/run\";" \
			"data_dir = \"$LAB/$id/data\";" "servers = (" "$servers);" \
			"${LAB_IPC:+ipc = \"$LAB_IPC\";}" "rights = \"$LAB_RIGHTS\";" \
			"${LAB_TEXT:-}" "$common" >"$LAB/$id/conclave.conf"
	done
}

# lab_up N [TEXT]
lab_up() {
	local id
	lab_make "$@"
	for ((id = 1; id <= $1; id++)); do
		lab_start "$id"
	done
}

# lab_found: all at one moment, so that no election between two ends takes an epoch
lab_found() {
	local dir id ids=() pids=() tree
	for dir in "$LAB"/[0-9]*; do
		ids+=("${dir##*/}")
		lab_start "${dir##*/}"
	done
	lab_until "the group is founded" lab_all_founded "${ids[@]}"
	for id in "${ids[@]}"; do
		mapfile -t tree < <(lab_tree "$id")
		pids+=("${tree[@]}")
		rm "$LAB/$id/pid"
	done
	kill -KILL "${pids[@]}" 2>/dev/null || true
	lab_until "all are dead" lab_all_gone "${pids[@]}"
}

# lab_all_founded ID…: each of them has a leader that is established
lab_all_founded() {
	local id
	for id; do
		[[ $(lab_conclave "$id" status) =~ ^"server "[0-9]+" is "(leading|following|observing)[[:space:]] ]] || return 1
	done
}

# lab_gone PID: ended (a zombie has)
lab_gone() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ ${stat##*) } == [ZX]* ]]
}

# lab_runs ID: its conclaved is there
lab_runs() {
	local pid
	[ -f "$LAB/$1/pid" ] && read -r pid <"$LAB/$1/pid" && ! lab_gone "$pid"
}

lab_start() {
	local dir=$LAB/$1
	if lab_runs "$1"; then
		echo "server $1 runs already" >&2
		return 1
	fi
	if [ ! -f "$dir/watch" ]; then
		"$LAB_ASK/conclave" -c "$dir/conclave.conf" watch --json \
			>>"$dir/events" 2>>"$dir/log" </dev/null 3>&- {LAB_LOCK}>&- &
		echo $! >"$dir/watch"
	fi
	"$CONCLAVE_BIN/conclaved" -c "$dir/conclave.conf" \
		>>"$dir/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
	echo $! >"$dir/pid"
}

# lab_tree ID: the pids of conclaved and all below it
lab_tree() {
	local pid children
	pid=$(<"$LAB/$1/pid")
	lab_gone "$pid" && return 0
	echo "$pid"
	while children=$(pgrep -d , -P "$pid"); do
		tr , '\n' <<<"$children"
		pid=$children
	done
}

# lab_all_gone PID…
lab_all_gone() {
	local pid
	for pid in "$@"; do
		lab_gone "$pid" || return 1
	done
}

lab_stop() {
	local pids
	mapfile -t pids < <(lab_tree "$1")
	[ ${#pids[@]} -gt 0 ] || return 0
	kill -TERM "${pids[0]}"
	lab_until "server $1 stops" lab_all_gone "${pids[@]}"
	rm "$LAB/$1/pid"
}

lab_kill() {
	local pids
	mapfile -t pids < <(lab_tree "$1")
	[ ${#pids[@]} -gt 0 ] || return 0
	kill -KILL "${pids[@]}" 2>/dev/null || true # its workers die with conclaved
	lab_until "server $1 is dead" lab_all_gone "${pids[@]}"
	rm "$LAB/$1/pid"
}

lab_conclave() {
	local id=$1
	shift
	"$LAB_ASK/conclave" -c "$LAB/$id/conclave.conf" "$@" 3>&-
}

# lab_process ID NAME: its first process with that name, as `PID STATE`
lab_process() {
	local name pid state
	while read -r name pid state _; do
		if [[ $name = "$2" && $pid = [0-9]* ]]; then
			echo "$pid $state"
			return 0
		fi
	done < <(lab_conclave "$1" status)
	return 1
}

lab_pid() {
	local found
	found=$(lab_process "$1" "$2") && echo "${found% *}"
}

# lab_replaced ID WORKER OLD: another process has taken its place, and is in service
lab_replaced() {
	local found
	found=$(lab_process "$1" "$2") && [[ $found != "$3 "* && $found = *" ready" ]]
}

# lab_is_state ID STATE
lab_is_state() {
	[[ $(lab_conclave "$1" status) = "server "*" is $2"[[:space:]]* ]]
}

# lab_names ID LEADER
lab_names() {
	[[ $(lab_conclave "$1" status) = *$'\n'"leader $2 "* ]]
}

# lab_one_leader ID…: all of them name the same one of them, and that one is active; prints it
lab_one_leader() {
	local id leader="" said
	for id in "$@"; do
		said=$("$LAB_ASK/conclave" -c "$LAB/$id/conclave.conf" leader --json 3>&-) || [ $? = 1 ] || return 1
		[[ $said =~ \"leader\":([0-9]+).*\"active\":(true|false) ]] || return 1
		[ -z "$leader" ] || [ "${BASH_REMATCH[1]}" = "$leader" ] || return 1
		leader=${BASH_REMATCH[1]}
		[ "$leader" != "$id" ] || [ "${BASH_REMATCH[2]}" = true ] || return 1
	done
	[[ " $* " == *" $leader "* ]] && echo "$leader"
}

# lab_wait_leader [ID…]
lab_wait_leader() {
	local ids=("$@") dir id
	if [ ${#ids[@]} = 0 ]; then
		for dir in "$LAB"/[0-9]*; do
			! lab_runs "${dir##*/}" || ids+=("${dir##*/}")
		done
	fi
	for id in "${ids[@]}"; do # costs less than to ask again and again
		lab_conclave "$id" wait --leader --timeout $((LAB_DEADLINE_MS / 1000)) >/dev/null 2>&1 || true
	done
	lab_until "servers ${ids[*]} have a leader" lab_keep_leader "${ids[@]}"
	cat "$LAB/leader.$BASHPID"
}

# lab_until throws the output away: it is kept in a file of this shell's own
lab_keep_leader() {
	lab_one_leader "$@" >"$LAB/leader.$BASHPID"
}

# The processes of this lab's servers that are there, one a line: PID COMMAND.
lab_processes() {
	pgrep -af -- " -c $LAB/" | grep -E '^[0-9]+ [^ ]*/conclave(d|-[a-z]+) ' || true
}

# What must always hold (docs/DESIGN.md, section What must always hold), over what every server said from its first start:
# S1, an epoch is never led by two servers; S2, no server's published epoch ever falls; and the version of the members
# that are in force never falls from one epoch to a later one.
lab_check_events() {
	local broken events=("$LAB"/*/events)
	[ -f "${events[0]}" ] || return 0
	! grep -qE '^zab = false' "$LAB"/*/conclave.conf || return 0 # nobody promises epochs
	broken=$(jq -nrR '
		[inputs | fromjson? | select(.event == "state")] |
		group_by(.id) as $servers |
		([.[] | select(.state == "leading" and .active)] | group_by(.epoch)[] |
			{epoch: .[0].epoch, ids: (map(.id) | unique)} | select(.ids | length > 1) |
			"S1: epoch \(.epoch) was led by \(.ids)"),
		($servers[] |
			[.[] | select(.state == "leading" or .state == "following" or .state == "observing")] |
			. as $said | range(1; length) |
			select($said[.].epoch < $said[. - 1].epoch) |
			"S2: server \($said[.].id) said epoch \($said[.].epoch) after \($said[. - 1].epoch)"),
		([.[] | select(.state == "leading" and .active and .members.version != null)] | sort_by(.epoch, .at_us) |
			. as $led | range(1; length) | select($led[.].members.version < $led[. - 1].members.version) |
			"members \($led[.].members.version) are in force in epoch \($led[.].epoch), after \($led[. - 1].members.version)")
	' "${events[@]}")
	[ -z "$broken" ] || {
		echo "$broken" >&2
		return 1
	}
}

# For teardown.
lab_down() {
	local dir bad=0 left recorders=0
	[ -n "$LAB" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || lab_show >&2
	for dir in "$LAB"/[0-9]*; do
		! lab_runs "${dir##*/}" || kill -TERM "$(<"$dir/pid")"
	done
	for dir in "$LAB"/[0-9]*; do
		[ ! -f "$dir/pid" ] || lab_until "server ${dir##*/} stops" lab_gone "$(<"$dir/pid")" || bad=1
	done
	for dir in "$LAB"/[0-9]*; do
		[ ! -f "$dir/watch" ] || recorders+="|$(<"$dir/watch")"
	done
	left=$(pgrep -af -- "conclave[^ ]* -c $LAB/" | grep -vE "^($recorders) " || true)
	for dir in "$LAB"/[0-9]*; do
		[ ! -f "$dir/watch" ] || kill "$(<"$dir/watch")" 2>/dev/null || true
	done
	for dir in "$LAB"/[0-9]*; do
		[ ! -f "$dir/watch" ] || lab_until "the recorder ends" lab_gone "$(<"$dir/watch")" || bad=1
	done
	if [ -n "$left" ]; then
		echo "left over: $left" >&2
		# shellcheck disable=SC2046 # pids
		kill -KILL $(cut -d ' ' -f 1 <<<"$left") 2>/dev/null || true
		bad=1
	fi
	lab_check_events || bad=1
	if grep -E 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|Assertion' "$LAB"/*/log >&2; then
		bad=1
	fi
	if [ $bad != 0 ] || [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		tail -n 40 "$LAB"/*/log "$LAB"/*/events >&2 || true
	fi
	if [ -n "${LAB_KEEP:-}" ]; then
		echo "# kept: $LAB" >&3
	else
		rm -rf "$LAB"
	fi
	return $bad
}
