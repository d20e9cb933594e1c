#!/usr/bin/env bats
# conclave import makes a configuration from ZooKeeper's files, or says what is wrong with them.

CONCLAVE_BIN=${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
bats_require_minimum_version 1.5.0

LIMITS=$'tickTime=2000\ninitLimit=10\nsyncLimit=5\n'
THREE=$'server.1=zk1:2888:3888\nserver.2=zk2:2888:3888\nserver.3=zk3:2888:3888\n'

setup() {
	cd "$BATS_TEST_TMPDIR"
}

bare() {
	"$CONCLAVE_BIN/conclave" -c /nonexistent "$@"
}

# imported TEXT ARG…: imports a zoo.cfg with that text into out.conf. The result is accepted, and
# apart from its comment it is its own canonical form.
imported() {
	printf %s "$1" >zoo.cfg
	shift
	bare import zoo.cfg "$@" >out.conf || return
	bare check out.conf >canonical || return
	diff <(grep -v '^#' out.conf) canonical
}

# refused STATUS TEXT WORDS ARG…: a zoo.cfg with that text is refused, with WORDS in the message
refused() {
	local status=$1 words=$3
	printf %s "$2" >zoo.cfg
	shift 3
	run "-$status" --separate-stderr bare import zoo.cfg "$@"
	[ -z "$output" ]
	[[ "$stderr" == *"$words"* ]] || {
		echo "$stderr"
		return 1
	}
}

@test "servers, ports, times" {
	imported "$LIMITS$THREE" --id 2
	[ "$(grep -cE '^	\{ id = [123]; host = "zk[123]"; quorum_port = 2888; election_port = 3888; role = "participant"; ' out.conf)" = 3 ]
	grep -qx 'id = 2;' out.conf
	grep -qx '	tick_ms = 2000;' out.conf
	grep -qx '	init_limit = 10;' out.conf
	grep -qx '	sync_limit = 5;' out.conf
	! grep -q 'no meaning' out.conf
}

@test "observers, groups, weights" {
	imported "$LIMITS$THREE"$'server.4=zk4:2888:3888:observer\ngroup.1=1:2\ngroup.2=3\nweight.3=7\n' --id 4
	grep -q 'id = 4; .* role = "observer"; weight = 1; }' out.conf
	grep -q 'id = 3; .* weight = 7; group = 2; }' out.conf
	grep -q 'id = 1; .* weight = 1; group = 1; }' out.conf
}

@test "IPv6, several addresses, client ports" {
	imported "$LIMITS"$'server.1=[::1]:2888:3888;2181\nserver.2=a:1:2|b:1:2:participant;0.0.0.0:2181\n' --id 1
	grep -q 'host = "0:0:0:0:0:0:0:1"' out.conf
	grep -q 'host = "a|b"; quorum_port = 1; election_port = 2' out.conf
	[ "$(grep -cE '^#   zoo.cfg:[45]: server.[12]: its client port' out.conf)" = 2 ]
}

@test "each key without a meaning is named, and no value, which may be a secret" {
	imported "${LIMITS}clientPort=2181
4lw.commands.whitelist=*
standaloneEnabled=false
ssl.keyStore.password=verysecret
some.thing=else
$THREE" --id 1
	for key in clientPort 4lw.commands.whitelist standaloneEnabled ssl.keyStore.password some.thing; do
		grep -qE "^#   zoo.cfg:[0-9]+: $key: " out.conf
	done
	! grep -q verysecret out.conf
}

@test "the id: --id, --myid, or the myid in dataDir" {
	mkdir data
	echo 3 >data/myid
	printf ' 1\n\n' >mine
	imported "$LIMITS$THREE"$'dataDir=data\n'
	grep -qx 'id = 3;' out.conf
	grep -q '^# .*named by data/myid' out.conf
	imported "$LIMITS$THREE"$'dataDir=data\n' --myid mine
	grep -qx 'id = 1;' out.conf
	imported "$LIMITS$THREE"$'dataDir=data\n' --id 2
	grep -qx 'id = 2;' out.conf
	refused 64 "$LIMITS$THREE" "no dataDir"
	refused 64 "$LIMITS$THREE"$'dataDir=/nonexistent\n' "/nonexistent/myid cannot be read"
	echo three >data/myid
	refused 64 "$LIMITS$THREE"$'dataDir=data\n' "data/myid does not hold a server's id"
	refused 64 "$LIMITS$THREE" "is no server's id" --id x
	refused 64 "$LIMITS$THREE" "write --id or --myid, not both" --id 1 --myid mine
	refused 64 "$LIMITS$THREE" "wants a file" --myid
	refused 78 "$LIMITS$THREE" "zoo.cfg: there is no server.9" --id 9
}

@test "a dynamic file is followed, from the working directory, as ZooKeeper does" {
	mkdir conf
	printf %s "$THREE" >zoo.cfg.dynamic
	printf %s "$LIMITS"$'dynamicConfigFile=zoo.cfg.dynamic\n' >conf/zoo.cfg
	run -0 bare import conf/zoo.cfg --id 1
	[[ "$output" == *"# The servers are those of zoo.cfg.dynamic."* ]]
	[ "$(grep -c '^	{ id = ' <<<"$output")" = 3 ]
	refused 78 "$LIMITS"$'dynamicConfigFile=nowhere\n' "zoo.cfg:4: nowhere, which dynamicConfigFile names, cannot be read: " --id 1
	refused 78 "$LIMITS$THREE"$'dynamicConfigFile=zoo.cfg.dynamic\nserver.4=a:1:2\n' \
		"zoo.cfg:8: this must be in zoo.cfg.dynamic" --id 1
	echo 'server.5=oops' >>zoo.cfg.dynamic
	refused 78 "$LIMITS"$'dynamicConfigFile=zoo.cfg.dynamic\n' "zoo.cfg.dynamic:4: server.5: malformed" --id 1
}

@test "what is wrong is said with file and line" {
	refused 78 "" "zoo.cfg: there is no server line" --id 1
	refused 78 "$THREE" "zoo.cfg: initLimit is not set" --id 1
	refused 78 "$LIMITS"$'server.1=zk1:2888\n' "zoo.cfg:4: server.1: malformed server line" --id 1
	refused 78 $'tickTime=99999999999\ninitLimit=1\nsyncLimit=2\n'"$THREE" \
		"zoo.cfg:1: tickTime = 99999999999: Conclave takes 1 to 60000" --id 1
	refused 78 $'tickTime=-5\ninitLimit=1\nsyncLimit=2\n'"$THREE" "zoo.cfg:1: tickTime = -5: " --id 1
	refused 78 "$LIMITS$THREE"$'group.1=1:2\n' "zoo.cfg:6: server 3 is in no group" --id 1
	refused 78 $'syncLimit=1\ninitLimit=1\n'"$THREE" "zoo.cfg:1: syncLimit = 1" --id 1
	run -78 bare import nowhere.cfg --id 1
	[[ "$output" == *"conclave: nowhere.cfg: cannot be read: "* ]]
	run -78 bare import . --id 1
	run -64 bare import
	run -64 bare import zoo.cfg --loud
}

@test "what only Conclave demands is said by the line that it comes from" {
	refused 78 "$LIMITS"$'\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=a:2:5\n' "zoo.cfg:7: Conclave refuses it: " --id 1
	refused 78 "$LIMITS"$'\nserver.1=a:1:2\nserver.2=0.0.0.0:1:2\n' "zoo.cfg:6: Conclave refuses it: " --id 1
	refused 78 "$LIMITS"$'\nserver.1=a:0:2\nserver.2=b:1:2\n' "zoo.cfg:5: Conclave refuses it: " --id 1
	refused 78 "$LIMITS"$'\nserver.1=a:1:2\nserver.2=b:1:2:observer\n' "Conclave refuses it: " --id 1
}

@test "--json: the configuration, or the error" {
	printf %s "$LIMITS$THREE" >zoo.cfg
	bare import zoo.cfg --id 1 >out.conf
	run -0 bare import zoo.cfg --id 1 --json
	[ "$(jq -r .configuration <<<"$output")" = "$(cat out.conf)" ]
	jq -e '.schema == 1 and .file == "zoo.cfg" and .ok' <<<"$output"
	run -78 --separate-stderr bare import zoo.cfg --id 9 --json
	jq -e '(.ok | not) and (.error | contains("server.9"))' <<<"$output"
	[ "$stderr" = "" ]
}

@test "a file full of nonsense ends with an error, not with a crash" {
	python3 - <<-'END'
		import random
		r = random.Random(1)
		words = ['server.', 'group.', 'weight.', '1', '2', '=', ':', '|', ';', '\n', '\\', '#', 'a:1:2',
		         'initLimit=1\n', 'syncLimit=2\n', 'server.1=a:1:2\n', 'server.2=b:1:2', '\\u00', 'dataDir',
		         '[::1]', '-', 'observer', '\0', '\xe9']
		for i in range(40):
		    open(f'{i}.cfg', 'w').write(''.join(r.choice(words) for _ in range(r.randrange(400))))
	END
	for i in {0..39}; do
		status=0
		bare import "$i.cfg" --id 1 >/dev/null 2>&1 || status=$?
		[ $status = 0 ] || [ $status = 78 ]
	done
}
