#!/usr/bin/env bats
# The units of etc/systemd in a real systemd: layout (a), conclaved and its workers in one unit.

load ../box/box

setup_file() {
	box_up 'supervisor = { restart_reset_ms = 1; };'
	[ -n "$BOX_SKIP" ] || box 'systemctl enable --now conclave'
}

# all_new COMMANDS: they end conclaved, $old, and with it all; and all come back
all_new() {
	box "
		old=\$(pid conclave.service)
		pids >/run/old
		systemctl show -P NRestarts conclave >/run/restarts
		$1"
	box_until "all have other processes" '
		[ "$(pids | wc -l)" = 4 ]
		[ "$(pids | sort | join - <(sort /run/old) | wc -l)" = 0 ]
		serves'
	box '[ $(systemctl show -P NRestarts conclave) = $(($(</run/restarts) + 1)) ]'
}

@test "kill -9 of each worker restarts that one only" {
	for name in connmgr elector peer; do
		box_only $name $name 'kill -9 $old'
	done
}

@test "SIGSTOP of each worker restarts that one only" {
	for name in connmgr elector peer; do
		box_only $name $name 'kill -STOP $old'
	done
}

@test "kill -9 of conclaved restarts all" {
	all_new 'kill -9 $old'
}

@test "SIGSTOP of conclaved restarts all" {
	all_new 'kill -STOP $old'
}

@test "each worker that takes all memory is restarted alone" {
	box '
		mkdir -p /run/systemd/system/conclave.service.d
		printf "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/leak.so\n" >/run/systemd/system/conclave.service.d/leak.conf
		systemctl daemon-reload
		systemctl restart conclave'
	box_until "it serves" serves
	for name in connmgr elector peer; do
		box_only $name $name '
			[ $(grep -c leak.so /proc/$old/maps) != 0 ]
			touch /run/leak.$old'
	done
	# no limit of its own: the kernel kills it for the unit's, and health says so. Its pages are counted
	# for a moment longer than it lives, so another that asks for one just then may be killed as well.
	box '
		sed -i "s/^supervisor = {/& memory_mb = 0;/" /etc/conclave/conclave.conf
		printf "[Service]\nMemoryMax=64M\n" >/run/systemd/system/conclave.service.d/memory.conf
		systemctl daemon-reload
		systemctl restart conclave'
	box_until "it serves" serves
	box 'pid peer >/run/old; touch /run/leak.$(</run/old)'
	box_until "the peer has another process, and it serves" 'replaced peer $(</run/old); serves'
	box '
		conclave health --json | grep -o "\"last_death\":\"[^\"]*\"" | grep "signal 9 (KILL), out of memory"
		sed -i "s/ memory_mb = 0;//" /etc/conclave/conclave.conf
		rm -r /run/systemd/system/conclave.service.d
		systemctl daemon-reload
		systemctl restart conclave'
}

@test "a worker has its limit, from the file" {
	box '
		for name in connmgr elector peer; do
			grep "^Max data size  *134217728  *134217728 " /proc/$(pid $name)/limits
		done
		sed -i "s/^supervisor = {/& memory_mb = 96;/" /etc/conclave/conclave.conf
		systemctl restart conclave
		grep "^Max data size  *100663296  *100663296 " /proc/$(pid peer)/limits
		sed -i "s/ memory_mb = 96;/ memory_mb = 0;/" /etc/conclave/conclave.conf
		systemctl restart conclave
		grep "^Max data size  *unlimited " /proc/$(pid peer)/limits
		sed -i "s/ memory_mb = 0;//" /etc/conclave/conclave.conf
		systemctl restart conclave'
}

@test "no connection is refused while connmgr is killed" {
	box_knocks connmgr
	[ "$(box 'systemctl show -P NFileDescriptorStore conclave')" = 2 ]
}

@test "no connection is refused while conclaved is killed" {
	box_knocks conclave.service
	[ "$(box 'systemctl show -P NFileDescriptorStore conclave')" = 2 ]
}

@test "ports of an older configuration are shut" {
	box '
		sed -i "s/election_port = 3888/election_port = 3889/" /etc/conclave/conclave.conf
		systemctl restart conclave'
	box_until "it serves" serves
	[[ "$(box "python3 $BOX_DIR/knock.py 1 127.0.0.1 3888")" == "1: 1 refused"* ]]
	[[ "$(box "python3 $BOX_DIR/knock.py 1 127.0.0.1 3889")" == "1: 0 refused, 0 silent"* ]]
	[ "$(box 'systemctl show -P NFileDescriptorStore conclave')" = 2 ]
	box '
		sed -i "s/election_port = 3889/election_port = 3888/" /etc/conclave/conclave.conf
		systemctl restart conclave'
}

@test "a reload is done when it returns, and fails when the file is bad" {
	box '
		cp /etc/conclave/conclave.conf /run/good
		echo "log_level = \"debug\";" >>/etc/conclave/conclave.conf
		systemctl reload conclave
		journalctl -u conclave | grep "reload: log_level taken over"
		echo "nonsense = 1;" >>/etc/conclave/conclave.conf
		! systemctl reload conclave || exit 1
		cp /run/good /etc/conclave/conclave.conf
		sed -i "s/^supervisor = {/& ready_ms = 4000;/" /etc/conclave/conclave.conf
		! systemctl reload conclave || exit 1
		cp /run/good /etc/conclave/conclave.conf
		systemctl reload conclave
		[ $(systemctl is-active conclave) = active ]'
}

@test "a folder of another owner ends the start, with the reason" {
	box '
		systemctl stop conclave
		cp -a /var/lib/conclave/peer /run/peer.was
		chown root:root /var/lib/conclave/peer
		chmod 700 /var/lib/conclave/peer
		since=$SECONDS
		! timeout 100 systemctl start conclave || exit 1
		[ $((SECONDS - since)) -le 30 ]
		[ $(systemctl is-active conclave) = failed ]
		journalctl -u conclave | grep "peer cannot start: .*/var/lib/conclave/peer"
		systemctl show -P StatusText conclave | grep "peer cannot start: .*/var/lib/conclave/peer"
		chown --reference=/run/peer.was /var/lib/conclave/peer
		chmod --reference=/run/peer.was /var/lib/conclave/peer
		systemctl start conclave'
	box_until "it serves again" serves
}

@test "conclaved can write run_dir and data_dir, no folder of a worker, use the network, and execute nothing else" {
	run -0 box_sandbox /usr/local/sbin/conclaved conclave.service
	echo "$output"
	# its own folder in data_dir is made by the first swap
	[ "$(grep -v ' /var/lib/conclave/conclaved$' <<<"$output")" = "$(printf '%s\n' 'writable /run/conclave' \
		'writable /var/lib/conclave' 'socket unix' 'socket inet' 'socket inet6' end)" ]
}

@test "each worker runs as its own user, conclaved with what it takes to start them, and nobody gets back" {
	box '
		group=$(getent group conclave | cut -d: -f 3)
		for name in connmgr elector peer; do
			status=/proc/$(pid $name)/status
			user=$(id -u conclave-$name)
			cat $status
			[ "$(awk "/^Uid:/ {print \$2, \$3, \$4, \$5}" $status)" = "$user $user $user $user" ]
			[ "$(awk "/^Gid:/ {print \$2, \$3, \$4, \$5}" $status)" = "$group $group $group $group" ]
			[ "$(awk "/^Groups:/ {print \$2, \$3}" $status)" = "$group " ]
			[ "$(awk "/^Cap(Inh|Prm|Eff|Amb):/ {print \$2}" $status | sort -u)" = 0000000000000000 ]
			[ $(stat -c %U:%G:%a /run/conclave/${name/elector/elector-main}) = conclave-$name:conclave:710 ]
		done
		[ $(stat -c %U:%G:%a /var/lib/conclave/peer) = conclave-peer:conclave:710 ]
		status=/proc/$(pid conclave.service)/status
		cat $status
		[ $(awk "/^Uid:/ {print \$2}" $status) = $(id -u conclave) ]
		[ "$(awk "/^Cap(Prm|Eff|Bnd):/ {print \$2}" $status | sort -u)" = 00000000000000c0 ]
		'"$BOX_DIR"'/fakeworker ask /run/conclave/conclaved/door status | jq -e .apart
		conclave health --json | jq -e ".notes == []"'
}

@test "a user of one worker can neither administer, nor attach as another, nor write where another does" {
	box "
		as() { setpriv --reuid conclave-\$1 --regid conclave --clear-groups -- \"\${@:2}\"; }
		for name in connmgr elector peer; do
			as \$name $BOX_DIR/fakeworker ask /run/conclave/conclaved/door status | grep processes
			as \$name $BOX_DIR/fakeworker ask /run/conclave/conclaved/door 'swap 0 force /bin/true' | grep 'only root and the user of conclaved'
			as \$name $BOX_DIR/fakeworker ask /run/conclave/conclaved/door reload | grep 'only root and the user of conclaved'
			as \$name $BOX_DIR/fakeworker ask /run/conclave/connmgr/door 'promote forward main' | grep 'only root and the user of conclaved'
			as \$name $BOX_DIR/fakeworker ask /run/conclave/peer/door 'claim 1' | grep 'only root and the user of conclaved'
			for other in connmgr elector-main peer conclaved; do
				[ \$other = \${name/elector/elector-main} ] || for what in 'touch x' 'rm -f door' 'mv door d' ls; do
					! as \$name sh -c \"cd /run/conclave/\$other && \$what\" || exit 1
				done
				! as \$name mv /run/conclave/\$other /run/conclave/x || exit 1
			done
		done
		! setpriv --reuid nobody --regid nogroup --clear-groups $BOX_DIR/fakeworker ask /run/conclave/conclaved/door status || exit 1
		conclave status --json | jq -e '.claim == \"0x0\"'"
}

@test "the other layout takes over, and gives back" {
	box '
		epoch=$(conclave status --json | jq .epoch)
		systemctl start conclave.target conclave-elector@main
		[ $(systemctl is-active conclave) = inactive ]
		echo $epoch >/run/epoch'
	box_until "it serves" serves
	box '[ $(conclave status --json | jq .epoch) -gt $(</run/epoch) ]; systemctl start conclave'
	box_until "it serves" serves
	box '[ -z "$(pgrep -f "conclave-elector .*" | xargs -r ps -o ppid= -p | grep -vw $(pid conclave.service))" ]'
}

@test "a swap: a program beside the installed ones takes the place, without an election" {
	box '
		epoch=$(conclave status --json | jq .epoch)
		cp /usr/local/libexec/conclave/conclave-elector /usr/local/libexec/conclave/elector-2
		conclave swap elector /usr/local/libexec/conclave/elector-2 | grep "^elector e[0-9]* is in use"
		[ "$(conclave status --json | jq .epoch)" = "$epoch" ]
		kill -9 $(pgrep -xf "/usr/local/libexec/conclave/elector-2 .*")'
	box_until "the installed one is back" '
		conclave swap --status --json | jq -e ".phase == \"idle\" and .program.name == \"main\""
		serves'
}

@test "swap to a program where the unit lets nothing run: refused, and what to do is said" {
	box '
		install -D -m 755 /usr/local/libexec/conclave/conclave-elector /opt/new/conclave-elector
		rc=0
		conclave swap elector /opt/new/conclave-elector 2>/run/said || rc=$?
		cat /run/said
		[ $rc = 1 ]
		grep "/opt/new/conclave-elector lies where nothing may be executed (NoExecPaths= of the unit, .*ExecPaths=.*systemctl edit conclave" /run/said
		rm -r /opt/new'
}

@test "members of control_group may ask where each worker has a user of its own, also after a restart" {
	box '
		sed -i "1i control_group = \"adm\";" /etc/conclave/conclave.conf
		systemctl restart conclave'
	box_until "it serves" serves
	box 'systemctl restart conclave'
	box_until "it serves again" serves
	box '
		member() { setpriv --reuid=65534 --regid=65534 --groups="$1" conclave "${@:2}"; }
		member adm status --json | jq -e ".leader == 1 and .silent == [] and (.processes | length == 4)"
		! member adm restart peer || exit 1
		! member bin status || exit 1
		[ "$(conclave check --systemd)" = "the units fit the configuration" ]
		sed -i 1d /etc/conclave/conclave.conf
		systemctl restart conclave'
	box_until "it serves without the key" serves
	box '! setpriv --reuid=65534 --regid=65534 --groups=adm conclave status || exit 1'
}

@test "a command of root is killed by the peer, which is not root, when its runner and guard are gone" {
	box '
		[ "$(ps -o user= -p $(pid peer))" != root ]
		echo "setsid bash -c \"while :; do sleep 0.02; done; : orphan\" & sleep 1000" >/run/command
		systemd-run --unit=job -p KillMode=process conclave run --again -- bash /run/command'
	box_until "runner and guard are killed" '
		runner=$(systemctl show -P MainPID job)
		guard=$(pgrep -P $runner -x conclave-guard)
		pgrep -f "[:] orphan"
		kill -9 $runner $guard'
	box_until "all of it is dead" 'if pgrep -f "[:] orphan"; then exit 1; fi'
}

@test "a unit of root is killed by the peer when runner and guard are gone, and nothing else stops it" {
	box '
		printf "[Service]\\nExecStart=/bin/bash -c \"trap : TERM; while :; do sleep 0.02; done; : unit of the leader\"\\nTimeoutStopSec=1h\\n" >/run/systemd/system/led.service
		systemctl daemon-reload
		systemd-run --unit=runs-led -p KillMode=process conclave run --unit led'
	box_until "the peer knows its cgroup" '
		pgrep -f "[:] unit of the leader"
		[ "$(ls -l /proc/$(pid peer)/fd | grep -c "led.service/cgroup.kill")" = 1 ]'
	box '
		runner=$(systemctl show -P MainPID runs-led)
		guard=$(pgrep -P $runner -x conclave-guard)
		kill -STOP $runner $guard'
	box 'kill -9 $(systemctl show -P MainPID runs-led) $(pgrep -x conclave-guard)'
	box_until "it is dead" 'if pgrep -f "[:] unit of the leader"; then exit 1; fi'
	box '
		journalctl -u conclave | grep "has not let go: what is in its cgroup was killed"
		systemctl reset-failed
		rm /run/systemd/system/led.service
		systemctl daemon-reload'
}

@test "a stop waits for who holds, for longer than TimeoutStopSec" {
	box '
		sed -i "1i lease_ms = 5000;" /etc/conclave/conclave.conf # it outlasts a box that stands still
		systemctl restart conclave'
	box_until "it serves" serves
	box '
		mkdir -p /run/systemd/system/conclave.service.d
		printf "[Service]\\nTimeoutStopSec=3s\\n" >/run/systemd/system/conclave.service.d/stop.conf
		systemctl daemon-reload
		echo "trap \"sleep 5; echo done >/run/done; exit 0\" TERM; : >/run/runs; while :; do sleep 0.02; done" >/run/command
		rm -f /run/done /run/runs
		systemd-run --unit=slow -p KillMode=process conclave run -- bash /run/command'
	box_until "the command runs" '[ -e /run/runs ]'
	box '
		systemctl stop conclave
		[ -s /run/done ]
		[ -z "$(pids)" ]
		! systemctl is-failed conclave || exit 1
		rm -r /run/systemd/system/conclave.service.d
		systemctl daemon-reload
		sed -i 1d /etc/conclave/conclave.conf
		systemctl start conclave'
	box_until "it serves again" serves
}
