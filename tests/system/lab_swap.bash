# What every test of swaps asks. $leader and $epoch: as they were before.

# record ID: connmgr's record of its elector, as it is in force
record() {
	cat "$LAB/$1/run/connmgr/elector"
}

# in_use ID NAME: the elector of that name is the active one, and no other is there
in_use() {
	record "$1" | grep -qx "name $2" &&
		lab_conclave "$1" status --json | jq -e --arg name "$2" '
			[.processes[] | select(.name == "elector" and .state == "ready" and .instance == $name)] != []
			and ([.processes[] | select(.name == "elector-shadow")] == [])'
}

# the leader is who it was, and leads in the same epoch
same_leader() {
	[ "$(lab_wait_leader)" = "$leader" ]
	[ "$(lab_conclave "$leader" status --json | jq .epoch)" = "$epoch" ]
}
