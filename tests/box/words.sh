# Words for the commands in the box.

# pid UNIT|WORKER: of the unit's main process; or, by name, of conclaved's child. Fails where there is none.
pid() {
	case $1 in
	*.service) systemctl show -P MainPID "$1" | grep -vx 0 ;;
	*) pgrep -xf "/usr/local/libexec/conclave/conclave-$1 .*" ;;
	esac
}

# pids: all of them, a line each
pids() {
	pgrep -af '^/usr/local/(sbin/conclaved|libexec/conclave/conclave-[a-z]+) ' | cut -d ' ' -f 1,2 | sort -k 2
}

# restarts NAME: how often the worker was
restarts() {
	if systemctl is-active -q conclave.service; then
		conclave status --json | jq --arg name "$1" '.processes[] | select(.name == $name) | .restarts'
	else
		systemctl show -P NRestarts "conclave-${1/elector/elector@main}"
	fi
}

# others NAME…: the pids of all programs but those
others() {
	local name pattern=
	for name in "$@"; do
		pattern+="${pattern:+|}/$name\$"
	done
	pids | grep -vE "$pattern"
}

# serves: it leads, which takes all workers
serves() {
	conclave leader >/dev/null
}

# replaced NAME OLD: the program has another process, which answers
replaced() {
	conclave status --json | jq -e --arg name "$1" --argjson old "$2" '
		any(.processes[]; .name == $name and .pid != null and .pid != $old and .version != null)' >/dev/null
}
