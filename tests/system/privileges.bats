#!/usr/bin/env bats
# What the programs give up by themselves: each thread of each of them tries (tests/privileges), and what
# they need goes on working.

load lab

setup() {
	[ "$LAB_RIGHTS" = on ] || skip "a sanitizer build drops no privileges"
}

teardown() {
	lab_down
}

# try_up [on|off]: server 1 of one, whose daemons can try. Its configuration is in a folder of its
# own, since that folder may be read.
try_up() {
	lab_make 1
	mkdir "$LAB/1/etc"
	sed "s/^\(\s*rights = \).*/\1\"${1:-on}\";/" "$LAB/1/conclave.conf" >"$LAB/1/etc/conclave.conf"
	echo kept >"$LAB/1/beside"
	LD_PRELOAD=$(realpath "$CONCLAVE_BIN/../tests/privileges.so") CONCLAVE_TEST_PRIVILEGES=$LAB/1 \
		"$CONCLAVE_BIN/conclaved" -c "$LAB/1/etc/conclave.conf" >>"$LAB/1/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
	echo $! >"$LAB/1/pid"
	lab_wait_leader 1
}

# start_without_landlock ERROR: server 1
start_without_landlock() {
	python3 "$BATS_TEST_DIRNAME/refuse.py" "$1" "$CONCLAVE_BIN/conclaved" -c "$LAB/1/conclave.conf" \
		>>"$LAB/1/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
	echo $! >"$LAB/1/pid"
}

# ended FILE: the program has tried all
ended() {
	grep -q '^end ' "$1"
}

# let_try PROGRAM: prints how many threads tried
let_try() {
	: >"$LAB/1/go.conclave$1"
	lab_until "conclave$1 has tried" ended "$LAB/1/tried.conclave$1"
	sed -n 's/^end //p' "$LAB/1/tried.conclave$1"
}

# bad PROGRAM: what went otherwise than it should
bad() {
	grep '^bad ' "$LAB/1/tried.conclave$1"
}

# filtered PID: the kernel says of each of its threads that it has a filter and gets no new privilege
filtered() {
	local status
	for status in /proc/"$1"/task/*/status; do
		grep -qx $'Seccomp:\t2' "$status" && grep -qx $'NoNewPrivs:\t1' "$status" || return 1
	done
}

@test "each thread of each program fails at what it has given up, and can do what it must" {
	local worker threads least=2
	[ "${LAB_IPC:-nng}" = seqpacket ] || least=12
	try_up
	run -0 lab_conclave 1 reload # the workers' copy is a new file
	for worker in connmgr elector peer; do
		threads=$(let_try "-$worker")
		run bad "-$worker"
		echo "$output"
		[ "$status" = 1 ]
		[ "$threads" -ge $least ]
		[ "$(grep -c ' exec refused EPERM' "$LAB/1/tried.conclave-$worker")" = "$threads" ]
		filtered "$(lab_pid 1 "$worker")"
	done
	[ "$(let_try d)" -ge 2 ] # the thread of the test is the other one
	run bad d
	echo "$output"
	[ "$status" = 1 ]
	filtered "$(lab_pid 1 conclaved)"
	[ "$(cat "$LAB/1/beside")" = kept ]
	lab_wait_leader 1
}

@test "with rights = off the same attempts do not fail for want of a privilege" {
	local what
	try_up off
	let_try -elector >/dev/null
	for what in read_beside write_beside make_beside inet netlink exec ptrace kill clone_namespace fork \
		memfd memory_wx mprotect_x; do
		bad -elector | grep -q " $what refused "
	done
}

@test "names are looked up" {
	lab_make 1
	sed -i 's/host = "127.0.0.1"/host = "localhost"/' "$LAB/1/conclave.conf"
	lab_start 1
	lab_wait_leader 1
}

@test "a core goes to the worker's own folder" {
	local pid pattern
	read -r pattern </proc/sys/kernel/core_pattern
	[[ $pattern != [/\|]* ]] || skip "cores go elsewhere here: $pattern"
	ulimit -c unlimited
	lab_up 1
	lab_wait_leader 1
	pid=$(lab_pid 1 elector)
	kill -ABRT "$pid"
	lab_until "another elector" lab_replaced 1 elector "$pid"
	ls "$LAB"/1/run/elector-main/core*
}

@test "a sandbox that does not let privileges be dropped: exit 78; rights = off keeps them" {
	lab_make 1
	run -78 python3 "$BATS_TEST_DIRNAME/refuse.py" EPERM \
		"$CONCLAVE_BIN/conclave-elector" -c "$LAB/1/conclave.conf"
	[[ "$output" == *'rights = "off"'* ]]
	sed -i 's/rights = "on"/rights = "off"/' "$LAB/1/conclave.conf"
	start_without_landlock EPERM
	lab_wait_leader 1
}

@test "a kernel without Landlock is no failure, and the calls are filtered all the same" {
	lab_make 1
	start_without_landlock ENOSYS
	lab_wait_leader 1
	filtered "$(lab_pid 1 connmgr)"
}
