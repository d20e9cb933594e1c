# Groups whose members change: files with another list, given to servers that run or are started.
#
#   lab_group N TEXT ID…   makes servers 1 … N; the file of each is version 1, with the members ID…,
#                          of which it founds a group
#   lab_list ID VERSION MEMBER…    writes the list into the file of ID. A MEMBER is `SID`, with
#                          `:observer`, `:weight=W`, `:group=G`, `:port=P` behind it (P, P + 1: its ports)
#   lab_give ID VERSION MEMBER…    and reloads that server, or starts it
#   lab_members ID FILTER  what its members verb says passes jq's FILTER
#   lab_wait_members VERSION ID…   waits until that version is in force on each
#   lab_instance ID        the random name of its disk
#   lab_has_disk ID SID…   the record of ID has the disks that these servers have now

# lab_list ID VERSION MEMBER…
lab_list() {
	local file=$LAB/$1/conclave.conf version=$2 member port line list="" word
	shift 2
	for member; do
		line="id = ${member%%:*};"
		port=$((LAB_PORT + 2 * ${member%%:*}))
		for word in $(tr : ' ' <<<"$member"); do
			case $word in
			observer) line+=' role = "observer";' ;;
			weight=* | group=*) line+=" ${word/=/ = };" ;;
			port=*) port=${word#port=} ;;
			esac
		done
		list+="${list:+, }{ $line host = \"127.0.0.1\"; quorum_port = $port; election_port = $((port + 1)); }"
	done
	sed -E '/^version = /d; /^servers = \($/,/^\);$/d; /^servers = /d' "$file" >"$file.new"
	printf 'version = %s;\nservers = ( %s );\n' "$version" "$list" >>"$file.new"
	mv "$file.new" "$file"
}

# lab_give ID VERSION MEMBER…
lab_give() {
	lab_list "$@"
	if lab_runs "$1"; then
		lab_conclave "$1" reload >/dev/null
	else
		lab_start "$1"
	fi
}

# lab_group N TEXT ID…
lab_group() {
	local n=$1 text=$2 id
	shift 2
	lab_make "$n" "$text"
	for ((id = 1; id <= n; id++)); do
		lab_list "$id" 1 "$@"
	done
	for id; do
		lab_start "${id%%:*}"
	done
	lab_until "the group is founded" lab_all_founded "${@%%:*}"
}

# lab_members ID FILTER
lab_members() {
	lab_conclave "$1" members --json | jq -e "$2"
}

# lab_wait_members VERSION ID…
lab_wait_members() {
	local version=$1 id
	shift
	for id; do
		lab_conclave "$id" wait --members "$version" --timeout $((LAB_DEADLINE_MS / 1000)) || {
			lab_show >&2
			return 1
		}
	done
}

# lab_instance ID
lab_instance() {
	tr -d '\0' <"$LAB/$1/data/peer/membership" | sed -nE 's/^instance ([0-9a-f]{32}) *$/\1/p' | sort -u
}

# lab_has_disk ID SID…
lab_has_disk() {
	local text sid
	text=$(tr -d '\0' <"$LAB/$1/data/peer/membership")
	shift
	for sid; do
		[ "$(sed -nE "s/^server $sid participant .* instance ([0-9a-f]{32}) *$/\1/p" <<<"$text" | sort -u)" = \
			"$(lab_instance "$sid")" ] || return 1
	done
}
