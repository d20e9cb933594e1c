# A real systemd with Conclave installed in it, for a bats file: systemd-box.sh, booted once, in which
# the file's tests run their commands.
#
#   box_up [TEXT]       boots it, installs, and configures one server on loopback; TEXT goes into the
#                       configuration. Sets BOX_SKIP where there can be none on this machine.
#   box 'COMMANDS'      runs them in there with bash -e: its output and status are theirs; how they went, if
#                       they fail, is on standard error
#   box_until WHAT 'COMMANDS'    waits until they succeed
#   box_down
#
# CONCLAVE_BIN: the programs (build/bin). What BOX_DIR holds is seen inside under the same name.

bats_require_minimum_version 1.5.0

BOX_DEADLINE_MS=20000

box_why_not() {
	[ "$(id -u)" = 0 ] || echo "needs root"
	[ -x /lib/systemd/systemd ] || echo "needs systemd"
	grep -qw cgroup2 /proc/filesystems || echo "needs cgroup2"
	grep -qw overlay /proc/filesystems || echo "needs overlayfs"
}

box_up() {
	local build how=(-n)
	BOX_SKIP=$(box_why_not | head -n 1)
	export BOX_SKIP
	[ -z "$BOX_SKIP" ] || return 0
	export BOX_DIR=$BATS_FILE_TMPDIR/box
	build=$(realpath "${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/..")
	mkdir "$BOX_DIR"
	make -s -C "$BATS_TEST_DIRNAME/../.." B="$build" DESTDIR="$BOX_DIR/installed" install
	cp "$build/tests/sandbox" "$build/tests/fakeworker" "$build/tests/leak.so" "$BATS_TEST_DIRNAME"/{knock.py,../box/inside.sh,../box/words.sh} "$BOX_DIR"
	cat >"$BOX_DIR/conclave.conf" <<-END
		id = 1;
		run_dir = "/run/conclave";
		data_dir = "/var/lib/conclave";
		servers = ( { id = 1; host = "127.0.0.1"; quorum_port = 2888; election_port = 3888; } );
		${LAB_IPC:+ipc = \"$LAB_IPC\";}
		${1:-}
	END
	mkfifo "$BOX_DIR/ask"
	# where memory is counted by the first kind of cgroups there is no limit without them
	! awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { found = 1 } END { exit !found }' /proc/self/mounts || how+=(-1)
	"$BATS_TEST_DIRNAME/../box/systemd-box.sh" "${how[@]}" -b "$BOX_DIR" -- \
		bash "$BOX_DIR/inside.sh" "$BOX_DIR" >"$BOX_DIR/log" 2>&1 3>&- &
	export BOX_PID=$!
	box_wait "$BOX_DIR/ready" || {
		BOX_SKIP="no systemd can be booted here: $(tail -n 1 "$BOX_DIR/log")"
		wait "$BOX_PID" || [ $? = 125 ] # the box itself could not be made; else it is our fault
	}
}

# box_wait FILE: until it is there, or the box is gone
box_wait() {
	while [ ! -e "$1" ]; do
		if ! kill -0 "$BOX_PID" 2>/dev/null; then
			echo "the box is gone" >&2
			cat "$BOX_DIR/log" >&2
			return 1
		fi
		sleep 0.01
	done
}

box() {
	local job rc
	job=$(mktemp -u "$BOX_DIR/job.XXXXXX")
	printf '%s\n' "$1" >"$job"
	echo "$job" >"$BOX_DIR/ask"
	box_wait "$job.rc" || return 1
	cat "$job.out"
	read -r rc <"$job.rc"
	[ "$rc" = 0 ] || tail -n 100 "$job.err" >&2
	return "$rc"
}

# box_until WHAT COMMANDS
box_until() {
	local commands
	commands=$(mktemp "$BOX_DIR/until.XXXXXX")
	# a file of its own: within a condition bash -e looks at the last command only
	printf '. %s\n%s\n' "$BOX_DIR/words.sh" "$2" >"$commands"
	box "
		until_ms=\$((\${EPOCHREALTIME/./} / 1000 + $BOX_DEADLINE_MS))
		until bash -e $commands >/dev/null 2>&1; do
			if ((\${EPOCHREALTIME/./} / 1000 >= until_ms)); then
				echo 'not in $BOX_DEADLINE_MS ms: $1'
				systemctl --no-pager status 'conclave*'
				journalctl --no-pager -n 40
				exit 1
			fi
			sleep 0.05
		done"
}

# of each file that loads this
teardown_file() {
	box_down
}

setup() {
	[ -z "$BOX_SKIP" ] || skip "$BOX_SKIP"
	box_until "it serves" serves
}

box_down() {
	[ -z "$BOX_SKIP" ] || return 0
	kill "$BOX_PID"
	while kill -0 "$BOX_PID" 2>/dev/null; do
		sleep 0.05
	done
}

# box_only NAME PID-OF COMMANDS: they end the process $old, the pid of PID-OF, which gets another, and
# no other does
box_only() {
	box "
		old=\$(pid $2)
		echo \$old >/run/old
		others conclave-$1 >/run/others
		restarts $1 >/run/restarts
		$3"
	box_until "$1 has another process, and it serves" "replaced $1 \$(</run/old); serves"
	box "
		diff /run/others <(others conclave-$1) >&2 || { journalctl --no-pager -n 30 >&2; false; }
		[ \$(restarts $1) = \$((\$(</run/restarts) + 1)) ]"
}

# box_sandbox PROGRAM UNIT: what a program in the place of the unit's could do as the unit's user (tests/sandbox)
box_sandbox() {
	box "
		systemctl stop $2
		cp $1 /run/program
		cp $BOX_DIR/sandbox $1
		mkdir -p /run/systemd/system/$2.d
		printf '[Service]\nType=oneshot\nRestart=no\nExecStart=\nExecStart=$1\nStandardOutput=truncate:/run/sandbox\n' >/run/systemd/system/$2.d/probe.conf
		systemctl daemon-reload
		systemctl start $2
		rm -r /run/systemd/system/$2.d
		cp /run/program $1
		systemctl daemon-reload
		systemctl start $2
		cat /run/sandbox"
}

# box_knocks PID-OF: 1000 connections, one after the other, while that process is killed again and again, each time
# when another connmgr answers (the one that dies with conclaved may still do so). None is refused; each death closes
# one at the most, so what waited in the backlog was served.
box_knocks() {
	box "
		kills=0
		python3 $BOX_DIR/knock.py 1000 127.0.0.1 3888 >/run/knocks &
		while kill -0 \$! 2>/dev/null; do
			old=\$(pid connmgr)
			kill -9 \$(pid $1)
			until replaced connmgr \$old; do
				sleep 0.05
			done
			kills=\$((kills + 1))
		done
		cat /run/knocks
		[[ \"\$(cat /run/knocks)\" =~ ^1000:\ 0\ refused,\ 0\ silent,\ ([0-9]+)\ closed,\ ([0-9]+)\ answered$ ]]
		[ \${BASH_REMATCH[1]} -le \$kills ]
		[ \$((BASH_REMATCH[1] + BASH_REMATCH[2])) = 1000 ]
		[ \$kills -gt 0 ]"
}
