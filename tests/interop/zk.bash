# A real ZooKeeper ensemble, 2 5 8, and our server 6, attached to it, on loopback; beside the
# functions of tests/system/lab.bash, whose folder and ports it uses. Server ID of ZooKeeper is
# in $LAB/zkID. Our sid is between theirs, so that links go both ways.
#
#   zk_make [known]  makes all of them; `known`: ZooKeeper's configurations name our server too
#   zk_start ID…  zk_kill ID…     kill -9, and waits
#   zk_wait_leader [ID…]          until one of these leads and the others follow; prints it
#   zk_wait_named ID              until our server observes that one
#   zk_down                       for teardown, before lab_down

ZK_IDS="2 5 8"
ZK_JARS=/usr/share/java

# zk_port ID 0|1|2: for clients, for the quorum, for elections
zk_port() {
	echo $((LAB_PORT + 3 * $1 + $2))
}

zk_make() {
	local id servers="" ours=""
	LAB=$(mktemp -d /tmp/conclave-lab-XXXXXX)
	lab_take_ports
	for id in $ZK_IDS; do
		servers+="server.$id=127.0.0.1:$(zk_port "$id" 1):$(zk_port "$id" 2)"$'\n'
		ours+="	{ id = $id; host = \"127.0.0.1\"; quorum_port = $(zk_port "$id" 1);"
		ours+=" election_port = $(zk_port "$id" 2); },"$'\n'
	done
	[ -z "${1:-}" ] || servers+="server.6=127.0.0.1:$(zk_port 6 1):$(zk_port 6 2):observer"
	for id in $ZK_IDS; do
		mkdir -p "$LAB/zk$id/data"
		echo "$id" >"$LAB/zk$id/data/myid"
		cat >"$LAB/zk$id/zoo.cfg" <<-END
			tickTime=500
			initLimit=20
			syncLimit=4
			dataDir=$LAB/zk$id/data
			clientPort=$(zk_port "$id" 0)
			clientPortAddress=127.0.0.1
			admin.enableServer=false
			4lw.commands.whitelist=srvr
			$servers
		END
	done
	cat >"$LAB/log4j.properties" <<-END
		log4j.rootLogger=INFO, C
		log4j.appender.C=org.apache.log4j.ConsoleAppender
		log4j.appender.C.layout=org.apache.log4j.PatternLayout
		log4j.appender.C.layout.ConversionPattern=%-5p [%t:%C{1}] - %m%n
	END
	mkdir "$LAB/6"
	cat >"$LAB/6/conclave.conf" <<-END
		id = 6;
		run_dir = "$LAB/6/run";
		data_dir = "$LAB/6/data";
		attach = "zookeeper";
		servers = (
		$ours	{ id = 6; host = "127.0.0.1"; quorum_port = $(zk_port 6 1);
			  election_port = $(zk_port 6 2); role = "observer"; }
		);
		${LAB_IPC:+ipc = \"$LAB_IPC\";}
	END
}

zk_start() {
	local id
	for id in "$@"; do
		java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
			-Dlog4j.configuration="file:$LAB/log4j.properties" \
			-cp $ZK_JARS/zookeeper.jar:$ZK_JARS/slf4j-log4j12.jar:$ZK_JARS/log4j-1.2.jar \
			org.apache.zookeeper.server.quorum.QuorumPeerMain "$LAB/zk$id/zoo.cfg" \
			>>"$LAB/zk$id/log" 2>&1 </dev/null 3>&- {LAB_LOCK}>&- &
		echo $! >"$LAB/zk$id/pid"
	done
}

zk_kill() {
	local id pid
	for id in "$@"; do
		pid=$(cat "$LAB/zk$id/pid")
		kill -KILL "$pid"
		rm "$LAB/zk$id/pid"
		lab_until "ZooKeeper $id is dead" lab_gone "$pid"
	done
}

# zk_is ID MODE: leader or follower, by its own word
zk_is() {
	local fd
	{ exec {fd}<>"/dev/tcp/127.0.0.1/$(zk_port "$1" 0)"; } 2>/dev/null || return 1
	echo srvr >&"$fd"
	grep -qx "Mode: $2" <&"$fd"
}

# zk_one_leader ID…
zk_one_leader() {
	local id leader=""
	for id in "$@"; do
		if (zk_is "$id" leader); then
			[ -z "$leader" ] || return 1
			leader=$id
		else
			(zk_is "$id" follower) || return 1
		fi
	done
	[ -n "$leader" ] && echo "$leader" >"$LAB/zk-leader"
}

zk_wait_leader() {
	# shellcheck disable=SC2086 # a list of words
	[ $# -gt 0 ] || set -- $ZK_IDS
	lab_until "ZooKeepers $* have a leader" zk_one_leader "$@"
	cat "$LAB/zk-leader"
}

zk_observes() {
	lab_conclave 6 status --json |
		jq -e --argjson leader "$1" '.state == "observing" and .leader == $leader'
}

zk_wait_named() {
	lab_until "our server observes $1" zk_observes "$1"
}

zk_down() {
	local pid
	for pid in "$LAB"/zk*/pid; do
		[ ! -f "$pid" ] || kill -KILL "$(cat "$pid")" 2>/dev/null || true
	done
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		tail -n 30 "$LAB"/zk*/log >&2 || true
	fi
}
