# Servers whose electors are swapped for ones that are not as they should be (tests/badelector).

# shellcheck source=tests/system/lab_swap.bash
. "$(dirname "${BASH_SOURCE[0]}")/lab_swap.bash"

BADELECTOR=${BADELECTOR:-$CONCLAVE_BIN/../tests/badelector}

setup() {
	asker=
}

teardown() {
	[ -z "$asker" ] || kill -9 "$asker" 2>/dev/null || true
	lab_down
}

bad_up() {
	lab_up 3 'supervisor = { probation_ms = 60000; watchdog_ms = 3000; ready_ms = 3000; restart_reset_ms = 1; };'
	leader=$(lab_wait_leader)
	epoch=$(lab_conclave "$leader" status --json | jq .epoch)
	follower=$((leader % 3 + 1))
	mkdir "$LAB/new"
	for kind in good worse crash-after-5 crash-attach hang-attach hang-shadow hang-active ready-only \
		never-ready flood malformed never-drains usurper set not; do
		ln "$BADELECTOR" "$LAB/new/elector-$kind" 2>/dev/null || cp "$BADELECTOR" "$LAB/new/elector-$kind"
	done
}

# A stranger that asks server $1 without end.
load_up() {
	"$(dirname "${BASH_SOURCE[0]}")/asker.py" "$(election_port "$1")" >/dev/null 3>&- {LAB_LOCK}>&- &
	asker=$!
}

election_port() {
	sed -nE "s/.*\{ id = $1;.*election_port = ([0-9]+);.*/\1/p" "$LAB/$1/conclave.conf"
}

# back ID: the first program is in use, alone, and no swap is under way
back() {
	in_use "$1" main &&
		lab_conclave "$1" swap --status --json | jq -e '.phase == "idle"'
}

# bad ID KIND OPTION…: it does not stay; its story in $output
bad() {
	local id=$1 kind=$2 generation
	shift 2
	generation=$(record "$id" | sed -n 's/^generation //p')
	run lab_conclave "$id" swap elector "$LAB/new/elector-$kind" "$@"
	if [ "$status" = 1 ]; then
		[[ $output == *"the old elector goes on"* ]]
	else
		[ "$status" = 0 ]
		lab_until "$kind is rolled back" back "$id"
		[ "$(record "$id" | sed -n 's/^generation //p')" -ge $((generation + 2)) ]
		output=$(lab_conclave "$id" swap --status)
		[[ $output == *"reason "* ]]
	fi
	lab_until "main is in service after $kind" back "$id"
}

# is_hung: or, under load, seen by connmgr before, since it does not drain its link
is_hung() {
	[[ $output == *"hung"* || (-n ${asker:-} && $output == *"lost its link"*) ]]
}

# all_bad ID
all_bad() {
	bad "$1" set
	[[ $output == *"message set"* ]]
	bad "$1" not
	[[ $output == *"it calls itself"* ]]
	bad "$1" crash-attach
	[[ $output == *"it ended: exited with status 3"* ]]
	bad "$1" crash-after-5
	[[ $output == *"it ended"* ]]
	bad "$1" hang-attach
	bad "$1" ready-only
	[[ $output == *"not ready in time"* ]]
	bad "$1" never-ready
	bad "$1" hang-shadow
	bad "$1" hang-shadow --shadow 20s
	is_hung
	bad "$1" hang-active # under load its link is full before its watchdog is due
	[[ $output == *"hung"* || $output == *"no link to connmgr"* ]]
	bad "$1" flood
	bad "$1" flood --shadow 20s
	bad "$1" malformed
	bad "$1" malformed --shadow 20s
	[[ $output == *"malformed messages"* ]]
	bad "$1" never-drains
	bad "$1" usurper --shadow 20s
}

# free ID: a swap may begin
free() {
	lab_conclave "$1" swap --status --json | jq -e '.phase == "idle" or .phase == "probation"'
}
