# More of the lab (lab.bash), for tests of what is odd: ports, twins, sick disks.

# lab_port ID LANE: the port of `election` or `quorum` in the configuration
lab_port() {
	sed -nE "s/.*\{ id = $1;.*$2_port = ([0-9]+);.*/\1/p" "$LAB/$1/conclave.conf"
}

# lab_health_says ID WORD
lab_health_says() {
	lab_conclave "$1" health | grep -q -- "$2"
}

# lab_reason_says ID WORD
lab_reason_says() {
	lab_conclave "$1" status --json | jq -e --arg word "$2" '.reason | contains($word)'
}

# lab_twin ID: a second server with the same id and ports, in folders of its own, as ${ID}b
lab_twin() {
	mkdir "$LAB/${1}b"
	sed "s|$LAB/$1/|$LAB/${1}b/|" "$LAB/$1/conclave.conf" >"$LAB/${1}b/conclave.conf"
	lab_start "${1}b"
}

# lab_door ID DOOR [REQUEST]: what that door of its answers to the request (`status`)
lab_door() {
	python3 - "$LAB/$1/run/$2/door" "${3:-status}" <<-'END'
		import socket, sys
		with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
		    s.settimeout(10)
		    s.connect(sys.argv[1])
		    s.send(sys.argv[2].encode())
		    print(s.recv(1 << 20).decode())
	END
}

# lab_membership ID: the number of its peer's file `membership`
lab_membership() {
	sed -n 's/^number \([0-9]*\) *$/\1/p' "$LAB/$1/data/peer/membership" | sort -n | tail -n 1
}
