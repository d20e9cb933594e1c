#!/usr/bin/env bats
# The units of etc/systemd in a real systemd: layout (b), a unit for each worker. One box for all of it.

load ../box/box

setup_file() {
	box_up 'supervisor = { restart_reset_ms = 1; probation_ms = 1500; };'
	[ -n "$BOX_SKIP" ] || box 'systemctl enable --now conclave.target conclave-elector@main'
}

workers="conclave-connmgr conclave-elector@main conclave-peer"

name_of() {
	local name=${1#conclave-}
	echo "${name%@*}"
}

@test "exposure" {
	box '
		cd /usr/local/lib/systemd/system
		for unit in conclave.service:16 conclave-connmgr.service:12 conclave-elector@.service:3 conclave-peer.service:3; do
			systemd-analyze security --offline=true --threshold=${unit#*:} --no-pager ./${unit%:*} | tail -n 1
			[ ${PIPESTATUS[0]} = 0 ]
		done'
}

@test "without a conclaved nobody is told to start one" {
	box_until "it serves" serves
	box '
		conclave status --json | jq -e ".silent == []"
		conclave status --json | jq -e ".processes | length == 3"'
}

@test "restart of a worker restarts its unit, and prints the new pid" {
	for worker in peer connmgr elector; do
		box "
			unit=conclave-${worker/elector/elector@main}.service
			pid \$unit >/run/old
			conclave restart $worker >/run/new
			[ \$(</run/new) = \$(pid \$unit) ]
			[ \$(</run/new) != \$(</run/old) ]"
		box_until "it serves" serves
	done
	box 'conclave restart peer --json | jq -e ".schema == 1 and .ok and .unit == \"conclave-peer.service\" and .pid > 0"'
	box_until "it serves" serves
}

@test "reload has each unit read the file again" {
	box '
		journalctl --rotate; journalctl --vacuum-time=1s
		sed -i "1i log_level = \"debug\";" /etc/conclave/conclave.conf
		conclave reload >/run/said 2>&1
		[ ! -s /run/said ]
		conclave reload --json | jq -e ".schema == 1 and .ok"'
	for worker in connmgr elector peer; do
		box_until "the $worker reloaded" "journalctl -b -u 'conclave-$worker*' | grep -q '$worker: reloaded'"
	done
	box '
		echo "nonsense = 1;" >>/etc/conclave/conclave.conf
		rc=0
		conclave reload || rc=$?
		sed -i /nonsense/d /etc/conclave/conclave.conf
		sed -i /log_level/d /etc/conclave/conclave.conf
		conclave reload
		[ $rc = 78 ]'
}

@test "a reload is done when it returns, and fails with the reason where the file is refused" {
	box '
		file=/etc/conclave/conclave.conf
		cp $file /run/good
		sed -i "s/servers = (/& { id = 2; host = \"127.0.0.2\"; quorum_port = 2888; election_port = 3888; },/" $file
		for how in "conclave reload" "conclave reload --json"; do
			rc=0
			$how >/run/said 2>&1 || rc=$?
			[ $rc = 1 ]
			grep -F "conclave.conf:" /run/said | grep -F "server 2 is new" | grep -F "write version = 2;"
		done
		journalctl --rotate; journalctl --vacuum-time=1s
		! systemctl reload conclave-peer || exit 1
		journalctl -b -u conclave-peer | grep -F "reload: " | grep -F "write version = 2;"
		for worker in connmgr elector@main; do
			journalctl -b -u conclave-$worker | grep -F "is not reloaded" | grep -F "write version = 2;"
		done
		cp /run/good $file
		sed -i "1i log_level = \"debug\";" $file
		systemctl reload conclave-peer
		$BOX_DIR/fakeworker ask /run/conclave/peer/door status | jq -e ".file.refused == \"\" and .file.reloads > 0"
		cp /run/good $file
		conclave reload
		[ $(systemctl is-active conclave-peer) = active ]'
}

@test "kill -9 of each unit restarts that one only" {
	for unit in $workers; do
		box_only "$(name_of "$unit")" "$unit.service" 'kill -9 $old'
	done
}

@test "SIGSTOP of each unit restarts that one only" {
	for unit in $workers; do
		box_only "$(name_of "$unit")" "$unit.service" 'kill -STOP $old'
	done
}

@test "each unit that takes all memory restarts alone" {
	if box '! systemctl show -P MemoryCurrent conclave-peer | grep -q "^[0-9]"'; then
		skip "memory is not counted here"
	fi
	for unit in $workers; do
		box "
			mkdir -p /run/systemd/system/$unit.service.d
			printf '[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/leak.so\n' >/run/systemd/system/$unit.service.d/leak.conf"
	done
	box "systemctl daemon-reload; systemctl restart $workers"
	box_until "it serves" serves
	for unit in $workers; do
		box_only "$(name_of "$unit")" "$unit.service" '
			[ $(grep -c leak.so /proc/$old/maps) != 0 ]
			touch /run/leak.$old'
	done
	box "rm -r /run/systemd/system/conclave*.d; systemctl daemon-reload; systemctl restart $workers"
}

@test "connmgr can write its two folders, use the network, and execute nothing" {
	run -0 box_sandbox /usr/local/libexec/conclave/conclave-connmgr conclave-connmgr.service
	[ "$output" = "$(printf '%s\n' 'writable /run/conclave/connmgr' 'writable /var/lib/conclave/connmgr' \
		'socket unix' 'socket inet' 'socket inet6' end)" ]
}

@test "the elector can write its folder, has no network, and executes nothing" {
	run -0 box_sandbox /usr/local/libexec/conclave/conclave-elector conclave-elector@main.service
	[ "$output" = "$(printf '%s\n' 'writable /run/conclave/elector-main' 'socket unix' end)" ]
}

@test "the peer can write its two folders, has no network, and executes nothing" {
	run -0 box_sandbox /usr/local/libexec/conclave/conclave-peer conclave-peer.service
	[ "$output" = "$(printf '%s\n' 'writable /run/conclave/peer' 'writable /var/lib/conclave/peer' 'socket unix' end)" ]
}

@test "each runs as its own user, without privileges, under a filter" {
	for unit in $workers; do
		box "
			status=/proc/\$(pid $unit.service)/status
			user=\$(id -u conclave-$(name_of "$unit"))
			cat \$status
			[ \"\$(awk '/^Uid:/ {print \$2, \$3, \$4, \$5}' \$status)\" = \"\$user \$user \$user \$user\" ]
			[ \$(awk '/^Gid:/ {print \$2}' \$status) = \$(getent group conclave | cut -d: -f 3) ]
			[ \$(awk '/^CapBnd:/ {print \$2}' \$status) = 0000000000000000 ]
			[ \$(awk '/^NoNewPrivs:/ {print \$2}' \$status) = 1 ]
			[ \$(awk '/^Seccomp:/ {print \$2}' \$status) = 2 ]"
	done
}

@test "a user of one worker can neither administer, nor attach as another, nor write where another does" {
	box "
		as() { setpriv --reuid conclave-\$1 --regid conclave --clear-groups -- \"\${@:2}\"; }
		$BOX_DIR/fakeworker ask /run/conclave/connmgr/door status | jq -e .apart
		conclave health --json | jq -e '.notes == []'
		for name in connmgr elector peer; do
			as \$name $BOX_DIR/fakeworker ask /run/conclave/connmgr/door status | jq -e .workers
			as \$name $BOX_DIR/fakeworker ask /run/conclave/connmgr/door 'promote forward main' | grep 'only root and the user of conclaved'
			as \$name $BOX_DIR/fakeworker ask /run/conclave/peer/door 'claim 1' | grep 'only root and the user of conclaved'
			for other in connmgr elector-main peer; do
				[ \$other = \${name/elector/elector-main} ] || for what in 'touch x' 'rm -f door' ls; do
					! as \$name sh -c \"cd /run/conclave/\$other && \$what\" || exit 1
				done
				! as \$name mv /run/conclave/\$other /run/conclave/x || exit 1
			done
		done
		! setpriv --reuid nobody --regid nogroup --clear-groups $BOX_DIR/fakeworker ask /run/conclave/connmgr/door status || exit 1
		conclave status --json | jq -e '.claim == \"0x0\"'"
}

@test "no connection is refused while connmgr is killed, the FD store has its ports" {
	box_knocks conclave-connmgr.service
	[ "$(box 'systemctl show -P NFileDescriptorStore conclave-connmgr')" = 2 ]
}

@test "no connection is refused while connmgr is killed, with the .socket unit" {
	box 'systemctl stop conclave-connmgr; systemctl start conclave-connmgr.socket; systemctl start conclave-connmgr'
	box_until "it serves" serves
	[ "$(box 'systemctl show -P NFileDescriptorStore conclave-connmgr')" = 0 ]
	box_knocks conclave-connmgr.service
	box 'systemctl stop conclave-connmgr.socket conclave-connmgr; systemctl start conclave-connmgr'
}

@test "a worker that crash-loops backs off, one that is stopped and started does not" {
	box '
		sed -i "s/restart_reset_ms = 1;//" /etc/conclave/conclave.conf
		systemctl restart conclave-elector@main
		[ $(cut -d " " -f 1 /run/conclave/elector-main/starts) = 0 ]'
	for deaths in 1 2 3; do
		box 'pid conclave-elector@main.service >/run/old; kill -9 $(</run/old)'
		box_until "it is back" 'replaced elector $(</run/old)'
		[ "$(box 'cut -d " " -f 1 /run/conclave/elector-main/starts')" = $deaths ]
	done
	box 'journalctl -u conclave-elector@main | grep "3 deaths in a row: waiting 100 ms"'
	box '
		systemctl restart conclave-elector@main
		[ $(cut -d " " -f 1 /run/conclave/elector-main/starts) = 0 ]'
}

@test "a wrong configuration stops a unit until a person has mended it" {
	box '
		echo "nonsense = 1;" >>/etc/conclave/conclave.conf
		! systemctl restart conclave-peer || exit 1
		[ $(systemctl show -P ExecMainStatus conclave-peer) = 78 ]
		[ $(systemctl is-active conclave-peer) = failed ]
		sed -i /nonsense/d /etc/conclave/conclave.conf
		systemctl start conclave-peer'
}

@test "a stop of the target stops all, and leaves what the next start needs" {
	box '
		systemctl stop conclave.target'
	# it waits for the job of the target, and the others follow
	box_until "all have stopped" '[ -z "$(pids)" ]'
	box '
		[ -s /run/conclave/connmgr/state ]
		[ -s /var/lib/conclave/peer/epochs ]
		systemctl start conclave.target conclave-elector@main'
}

@test "check --systemd: what does not fit is said, each thing by name" {
	box '
		[ "$(conclave check --systemd)" = "the units fit the configuration" ]
		chmod 600 /etc/conclave/conclave.conf
		rc=0
		conclave check --systemd >/run/said || rc=$?
		chmod 644 /etc/conclave/conclave.conf
		cat /run/said
		[ $rc = 1 ]
		grep "^conclave-peer.service runs as conclave.*, who cannot read /etc/conclave/conclave.conf: Permission denied" /run/said
		[ "$(conclave check --systemd)" = "the units fit the configuration" ]
		cp /etc/conclave/conclave.conf /run/good
		sed -i "s/3888/3999/; s,/run/conclave,/run/other," /etc/conclave/conclave.conf
		systemctl enable conclave-connmgr.socket
		rc=0
		conclave check --systemd --json >/run/said || rc=$?
		systemctl disable conclave-connmgr.socket
		cp /run/good /etc/conclave/conclave.conf
		cat /run/said
		[ $rc = 1 ]
		[ $(jq ".ok | not" /run/said) = true ]
		[ $(jq ".problems | length" /run/said) = 4 ]
		for what in "connmgr.service may not write /run/other/connmgr" "elector@main.service may not write /run/other/elector-main" \
			"peer.service may not write /run/other/peer" "socket listens at port 3888"; do
			jq -e --arg what "$what" "any(.problems[]; contains(\$what))" /run/said
		done'
}

# stands NAME OTHER: the elector NAME is in use for good, and started with the machine; OTHER is neither
stands() {
	box_until "elector $1 stands alone" "
		conclave swap --status --json | jq -e '.phase == \"idle\" and .program.name == \"$1\"'
		systemctl is-active -q conclave-elector@$1
		systemctl is-enabled -q conclave-elector@$1
		! systemctl is-active -q conclave-elector@$2 || exit 1
		! systemctl is-enabled -q conclave-elector@$2 || exit 1
		! systemctl is-failed -q conclave-elector@$2 || exit 1
		serves"
}

@test "a swap: another instance takes the place, without an election; --undo takes it back" {
	box '
		conclave status --json | jq .epoch >/run/epoch
		conclave swap elector e2 --shadow 500ms >/run/said 2>&1
		cat /run/said
		[ $(wc -l </run/said) = 1 ]
		grep "^elector e2 is in use" /run/said
		systemctl is-enabled -q conclave-elector@e2
		! conclave swap elector nobody/x || exit 1
		[ "$(conclave status --json | jq .epoch)" = "$(</run/epoch)" ]'
	stands e2 main
	box 'conclave swap --undo | grep "^elector main is in use"'
	stands main e2
	box '[ "$(conclave status --json | jq .epoch)" = "$(</run/epoch)" ]'
}

@test "--undo in a probation, which a refused swap does not end: the old one is back, and nobody takes it for a death" {
	box '
		mkdir -p /run/systemd/system/conclave-elector@none.service.d
		printf "[Service]\nExecStart=\nExecStart=/usr/bin/true\n" >/run/systemd/system/conclave-elector@none.service.d/none.conf
		systemctl daemon-reload
		conclave swap elector e2
		! conclave swap elector none || exit 1
		conclave swap --status --json | jq -e "(.accepted | not) and .program.name == \"e2\" and .before.name == \"main\""
		conclave swap --undo | grep "^elector main is in use"'
	box_until "nobody guards" '! systemctl is-active -q conclave-swap || exit 1'
	stands main e2
}

@test "a new instance that dies in its probation: the old one is back by itself" {
	box '
		conclave swap elector e3
		kill -9 $(pid conclave-elector@e3.service)'
	stands main e3
}

@test "a stop waits for who holds, for longer than TimeoutStopSec" {
	box '
		sed -i "1i lease_ms = 5000;" /etc/conclave/conclave.conf # it outlasts a box that stands still
		systemctl restart conclave-peer'
	box_until "it serves" 'conclave leader'
	box '
		echo "trap \"sleep 5; echo done >/run/done; exit 0\" TERM; : >/run/runs; while :; do sleep 0.02; done" >/run/command
		rm -f /run/done /run/runs
		systemd-run --unit=slow -p KillMode=process conclave run -- bash /run/command'
	box_until "the command runs" '[ -e /run/runs ]'
	box 'systemctl stop conclave.target' # which is stopped before its units
	box_until "all have ended" '[ -z "$(pids)" ]'
	box '
		[ -s /run/done ]
		! systemctl is-failed conclave-peer || exit 1
		sed -i 1d /etc/conclave/conclave.conf
		systemctl start conclave.target conclave-elector@main'
	box_until "it serves again" 'conclave leader'
}
