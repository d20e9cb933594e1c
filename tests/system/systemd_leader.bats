#!/usr/bin/env bats
# conclave-leader@.service and conclave-leader.target in a real systemd. Whether this server leads is for
# leasedoor.py to say, in the place of the peer.

load ../box/box

setup_file() {
	box_up
	[ -z "$BOX_SKIP" ] || return 0
	cp "$BATS_TEST_DIRNAME/leasedoor.py" "$BOX_DIR"
	box "
		systemd-run --unit=door python3 $BOX_DIR/leasedoor.py /run/conclave 3000
		for name in one two; do
			printf '[Unit]\nPartOf=conclave-leader.target\nAfter=conclave-leader.target\n[Service]\nRestart=always\nRestartSec=1\nExecStart=/bin/bash -c \"trap : TERM; echo \$name >>/run/starts; while :; do sleep 0.02; done\"\nTimeoutStopSec=1\n[Install]\nWantedBy=conclave-leader.target\n' >/etc/systemd/system/\$name.service
		done
		printf '[Service]\nExecStart=/bin/sleep 1000\n' >/etc/systemd/system/alone.service
		systemctl daemon-reload
		systemctl enable one two"
	box_until "the door is there" "[ -S /run/conclave/peer/door ]"
	box "systemctl enable --now conclave-leader@conclave-leader.target.service conclave-leader@alone"
}

setup() {
	[ -z "$BOX_SKIP" ] || skip "$BOX_SKIP"
	box "echo 5 >/run/conclave/peer/lead.new; mv /run/conclave/peer/lead.new /run/conclave/peer/lead"
	box_until "the units run" "$runs"
}

# is-active is content with one of several, and bash -e with a `!`
runs='for unit in one two alone conclave-leader.target; do systemctl is-active $unit; done'
gone='for unit in one two alone conclave-leader.target; do if systemctl is-active -q $unit; then exit 1; fi; done
	if pgrep -f /run/starts; then exit 1; fi'

@test "units run while this server leads, and systemd starts none of them again after that" {
	box 'rm /run/conclave/peer/lead'
	box_until "they are killed and stopped" "$gone"
	box 'cp /run/starts /run/before; sleep 2; cmp /run/starts /run/before'
}

@test "they are stopped in order when the hold is wanted back" {
	box 'rm -f /run/conclave/peer/lead; : >/run/conclave/peer/said; echo step-down >/run/conclave/peer/stop.new
		mv /run/conclave/peer/stop.new /run/conclave/peer/stop'
	box_until "they are stopped" "$gone"
	box_until "they were let go" '[ $(grep -c "^let go" /run/conclave/peer/said) = 2 ]'
}

@test "with runner, or guard, or both killed no unit outlives it" {
	for who in MainPID guard both; do
		box "
			runner=\$(systemctl show -P MainPID conclave-leader@conclave-leader.target.service)
			guard=\$(pgrep -P \$runner -x conclave-guard)
			rm -f /run/conclave/peer/lead
			case $who in MainPID) kill -9 \$runner ;; guard) kill -9 \$guard ;; both) kill -9 \$runner \$guard ;; esac"
		box_until "they are gone" "$gone"
		box "echo 5 >/run/conclave/peer/lead.new; mv /run/conclave/peer/lead.new /run/conclave/peer/lead"
		box_until "the units run again" "$runs"
	done
}

@test "a unit that does not start is said to be one, and let go" {
	box "printf '[Service]\nExecStartPre=/bin/false\nExecStart=/bin/sleep 1000\n' >/etc/systemd/system/bad.service
		systemctl daemon-reload
		: >/run/conclave/peer/said
		status=0
		conclave run --unit bad.service 2>/run/bad || status=\$?
		[ \$status = 69 ]
		grep 'unit bad.service did not start' /run/bad"
	box_until "it was let go" '[ $(grep -c "^let go" /run/conclave/peer/said) = 1 ]'
}

@test "stopping the service stops its unit" {
	box 'systemctl stop conclave-leader@alone; [ "$(systemctl is-active alone)" != active ]; systemctl is-active one'
	box 'systemctl start conclave-leader@alone'
}
