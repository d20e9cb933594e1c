#!/usr/bin/env bats
# conclave metrics: the format, as promtool reads it, and numbers that are true.

load lab

setup_file() {
	PROMTOOL=$("$BATS_TEST_DIRNAME/../promtool.sh" "$CONCLAVE_BIN/..") || PROMTOOL=
	export PROMTOOL
}

setup() {
	shadow=
}

teardown() {
	if [ -n "$shadow" ]; then
		kill -KILL "$shadow"
		lab_until "the shadow has ended" lab_gone "$shadow"
	fi
	lab_down
}

# metrics ID: into $LAB/metrics; they are well formed
metrics() {
	local status=0
	lab_conclave "$1" metrics >"$LAB/metrics" || status=$?
	[ -z "$PROMTOOL" ] || "$PROMTOOL" check metrics <"$LAB/metrics"
	[ "$(tail -n 1 "$LAB/metrics")" = "# EOF" ]
	# each metric has its HELP and TYPE, no sample comes twice, counters and only they are totals
	awk '
		$1 == "#" && $2 == "HELP" { help[$3]++ }
		$1 == "#" && $2 == "TYPE" { type[$3] = $4; if (($4 == "counter") != ($3 ~ /_total$/)) bad = $0 }
		$1 !~ /^#/ {
			name = $1; sub(/\{.*/, "", name)
			base = name; if (!(name in type)) sub(/_(bucket|sum|count)$/, "", base)
			line = $0; sub(/ [^ ]*$/, "", line)
			if (help[base] != 1 || !(base in type) || line in seen) bad = $0
			seen[line]
		}
		END { if (bad != "") { print "malformed: " bad; exit 1 } }' "$LAB/metrics"
	return $status
}

# value NAME: of that sample, labels included
value() {
	grep -v '^#' "$LAB/metrics" | grep -F "$1 " | sed 's/.* //'
}

# shows ID NAME VALUE
shows() {
	metrics "$1" || [ $? = 69 ]
	[ "$(value "$2")" = "$3" ]
}

# The table of view/metrics.c: for each row how its sample begins, which is its name and its lane
rows() {
	sed -n '/ metrics\[\] = {$/,/^};/p' "$BATS_TEST_DIRNAME/../../view/metrics.c" | tr -d '\n\t' |
		grep -oE '\{"[a-z_]+"[^}]*\}' |
		sed -E '/put_histogram/ s/^\{"[a-z_]+/&_count/
			s/^\{"([a-z_]+)".*put_counter, *"(election|learner)_.*/conclave_\1{lane="\2"}/
			s/^\{"([a-z_]+)".*/conclave_\1/'
}

# has_all ID: each row has a sample; prints those that have none
has_all() {
	metrics "$1" && rows | awk -v page="$LAB/metrics" '
		BEGIN { while ((getline line <page) > 0) lines[++count] = line }
		{
			for (i = 1; i <= count; i++)
				if (index(lines[i], $0) == 1 && substr(lines[i], length($0) + 1, 1) ~ /[ {]/)
					next
			print "no sample: " $0
			bad = 1
		}
		END { exit bad || NR == 0 }'
}

@test "promtool is there to judge" {
	[ -n "$PROMTOOL" ] || skip "promtool cannot be fetched (Debian's package prometheus)"
	"$PROMTOOL" --version
}

@test "an ensemble that elects: the counters of both sides" {
	lab_up 3 'supervisor = { watchdog_ms = 60000; };' # no loop counts as late
	leader=$(lab_wait_leader)
	other=$((leader % 3 + 1))
	for id in "$leader" "$other"; do
		lab_until "server $id is healthy" shows "$id" conclave_verdict 0
		[ "$(value "conclave_leader_info{leader=\"$leader\"}")" = 1 ]
		[ "$(value conclave_epoch)" -gt 0 ]
		[ "$(value conclave_elections_total)" -ge 1 ]
		[ "$(value conclave_rounds_total)" -ge 1 ]
		[ "$(value conclave_leader_changes_total)" -ge 1 ]
		[ "$(value conclave_decide_seconds_count)" -ge 1 ]
		[ "$(value 'conclave_decide_seconds_bucket{le="+Inf"}')" = "$(value conclave_decide_seconds_count)" ]
		[ "$(value conclave_establish_seconds_count)" -ge 1 ]
		[[ "$(value conclave_establish_seconds_sum)" =~ ^[0-9]+\.[0-9]{6}$ ]]
		[ "$(value 'conclave_frames_sent_total{lane="election"}')" -ge 1 ]
		[ "$(value 'conclave_frames_received_total{lane="learner"}')" -ge 1 ]
		[ "$(grep -c '^conclave_link_up{.*lane="election"} 1' "$LAB/metrics")" = 2 ]
		[ "$(grep -c '^conclave_listener_open{.*} 1' "$LAB/metrics")" = 2 ]
		[ "$(grep -c '^conclave_process_up{.*} 1' "$LAB/metrics")" = 4 ]
	done
	lab_until "the leader leads" shows "$leader" 'conclave_state{state="leading"}' 1
	[ "$(value 'conclave_state{state="following"}')" = 0 ]
	lab_kill "$leader"
	left=$((6 - leader - other))
	lab_wait_leader "$other" "$left"
	lab_until "server $left is healthy" shows "$left" conclave_verdict 0
	[ "$(value conclave_leader_changes_total)" -ge 2 ]
	[ "$(value conclave_elections_total)" -ge 2 ]
	[ "$(value conclave_establish_seconds_count)" -ge 2 ]
	[ "$(value "conclave_link_up{remote=\"$leader\",lane=\"election\"}")" = 0 ]
}

@test "a healthy server has a sample for each row of the table" {
	[ "$(rows | wc -l)" = "$(grep -c '^    {"' "$BATS_TEST_DIRNAME/../../view/metrics.c")" ]
	lab_up 3 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	lab_until "server 1 is healthy" shows 1 conclave_verdict 0
	has_all 1
}

@test "what is sick shows, and nothing is said of what is silent" {
	lab_up 1 'supervisor = { watchdog_ms = 60000; };'
	lab_wait_leader
	pid=$(lab_pid 1 elector)
	kill -9 "$pid"
	lab_until "a new elector" lab_replaced 1 elector "$pid"
	lab_until "it is counted" shows 1 'conclave_process_ends_total{process="elector",reason="signal"}' 1
	[ "$(value 'conclave_process_restarts_total{process="elector"}')" = 1 ]
	[ "$(value 'conclave_process_generation{process="elector"}')" = 2 ]
	pid=$(lab_pid 1 peer)
	kill -STOP "$pid"
	shows 1 conclave_verdict 2
	[ "$(value 'conclave_process_up{process="peer"}')" = 0 ]
	[ "$(value 'conclave_process_resident_memory_bytes{process="peer"}')" -gt 100000 ]
	! grep -q '^conclave_epoch ' "$LAB/metrics"
	kill -CONT "$pid"
	lab_until "it is back" shows 1 'conclave_process_up{process="peer"}' 1
	# a second elector, and a third
	"$CONCLAVE_BIN/conclave-elector" -c "$LAB/1/conclave.conf" --name 'other' >>"$LAB/1/log" 2>&1 3>&- {LAB_LOCK}>&- &
	shadow=$!
	lab_until "the shadow shows" shows 1 'conclave_process_up{process="elector-other"}' 1
	[ "$(value 'conclave_process_generation{process="elector-other"}')" = 0 ]
}

@test "nobody is there: that is what it says, and 69" {
	lab_make 1
	run -69 metrics 1
	[ "$(value conclave_verdict)" = 2 ]
	run -64 lab_conclave 1 metrics --json
	run -64 lab_conclave 1 metrics nonsense
}
