#!/bin/bash
# The house rules that a machine can check (docs/STYLE.md): sizes, format, who may include whom.
# Prints one line per breach; exit status 1 if there is one.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
below=" base wire ipc config tls proc swap client lib view " # each knows those before it
programs=" supervisor connmgr elector peer ctl "
rooms="$below $programs"
breaches=0

breach() {
	echo "tidy: $*"
	breaches=$((breaches + 1))
}

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.c' '*.h' | while read -r f; do
	[ ! -f "$f" ] || echo "$f"
done)
if [ ${#sources[@]} = 0 ]; then
	echo "tidy: git lists no sources; run it in a clone that belongs to you"
	exit 1
fi

# the pure cores
cores=$(tests/cores.sh)

# sizes
while read -r line; do
	breach "$line"
done < <(awk '
	FNR == 1 { open = 0 }
	FNR == 501 { print FILENAME ": more than 500 lines" }
	/^\{/ { open = FNR }
	/^\}/ && open {
		if (FNR - open - 1 > 60)
			printf "%s:%d: a function of %d lines, the limit is 60\n", FILENAME, open, FNR - open - 1
		open = 0
	}' "${sources[@]}")

# format
while read -r f; do
	breach "$f: not as clang-format wants it (make format)"
done < <(clang-format --dry-run "${sources[@]}" 2>&1 | sed -nE 's/^([^:]+):.*\[-Wclang-format-violations\]$/\1/p' | sort -u)

declare -A included # by file: the headers that it includes, without quotes
while read -r f h; do
	included[$f]+=" $h"
done < <(sed -snE '/^[ \t]*#[ \t]*include[ \t]*[<"][^>"]+[>"]/ { F; s/^[^<"]*[<"]([^>"]+)[>"].*/\1/p }' "${sources[@]}" | paste -d ' ' - -)

# a core sees base, its codecs, its own folder, and a few headers of libc
plain=" arpa/inet.h assert.h ctype.h errno.h inttypes.h limits.h signal.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h "
for f in $cores; do
	own=${f%%/*}
	for h in ${included[$f]:-}; do
		case $h in
		base/buf.h | base/delay.h | base/exit.h | base/histogram.h | base/json.h | base/limit.h | base/paths.h | base/plain.h | base/version.h | wire/* | ipc/msg.h | "$own"/*) ;;
		config/conf.h | jansson.h | proc/roster.h) [ "$own" = view ] || breach "$f: a core must not include $h" ;;
		*) [[ $plain == *" $h "* ]] || breach "$f: a core must not include $h" ;;
		esac
	done
done
# what a core includes of its own folder is a core too; and it calls no clock, no heap, no output
for f in $cores; do
	for h in ${included[$f]:-}; do
		case $h in
		elector/* | connmgr/* | ctl/* | peer/* | supervisor/* | ipc/* | swap/* | view/*)
			[[ " ${cores//$'\n'/ } " == *" $h "* ]] || breach "$f: a core must not include $h, which is no core"
			;;
		esac
	done
done
while read -r hit; do
	breach "$hit: a core must not call this"
done < <(grep -nHE '\b(time|clock_gettime|clock_ms|clock_us|socket|printf|fprintf|log_[a-z]+|random|rand|kill|raise|sigaction)\(' $cores |
	grep -vE '^[^:]*:[0-9]*:[ \t]*(/?\*)')

# rooms and foreign headers
for room in $rooms; do
	for f in "$room"/*.[ch]; do
		[ -f "$f" ] || continue
		for h in ${included[$f]:-}; do
			to=${h%%/*}
			case $h in
			nng/*) [[ $f = ipc/chan_nng* ]] || breach "$f: nng's home is ipc/chan_nng*" ;;
			seccomp.h) [ "$f" = proc/privileges_calls.c ] || breach "$f: libseccomp's home is proc/privileges_calls.c" ;;
			jansson.h)
				case $f in
				ctl/* | view/* | swap/drive.c) ;;
				*) breach "$f: jansson's homes are ctl/, view/ and swap/drive.c" ;;
				esac
				;;
			openssl/*) [ "${f%%/*}" = tls ] || breach "$f: OpenSSL's home is tls/" ;;
			libconfig.h) [ "$f" = config/conf.c ] || breach "$f: libconfig's home is config/conf.c" ;;
			systemd/*)
				case $f in
				base/* | wire/* | config/* | swap/* | client/* | lib/* | view/* | ctl/*) breach "$f: no systemd here" ;;
				esac
				;;
			*/*)
				case $programs in
				*" $to "*) [ "$to" = "$room" ] || breach "$f: process folders meet only in ipc/: $h" ;;
				esac
				case $room/$h in
				client/base/* | client/wire/* | client/ipc/msg.h | client/ipc/local.h | client/ipc/pass.h | client/client/* | client/sys/*) ;;
				lib/base/page.h | lib/base/boot.h | lib/base/file_map.h | lib/ipc/pass.h | lib/lib/* | lib/sys/*) ;;
				lib/*) breach "$f: the library knows base/page.h, base/boot.h, base/file_map.h and ipc/pass.h only: $h" ;;
				client/*) breach "$f: a client knows base, wire, the messages and ipc/local.h and ipc/pass.h only: $h" ;;
				esac
				[[ $below != *" $room "* || ${below#*" $room"} != *" $to "* ]] ||
					breach "$f: $room must not know $to: $h"
				;;
			esac
		done
	done
done

# what the pages and the completion name is what there is, both ways
same() { # WHAT WHERE: what the code has, a line each, against what the page has
	diff <(sort -u <<<"$code") <(sort -u <<<"$page") | sed -nE "s/^< (.*)/$1 \1 is not in ${2//\//\\/}/p; s/^> (.*)/$1 \1 is in ${2//\//\\/}, and nowhere else/p"
}
verbs() { # of conclave(1): the items of its list of verbs
	awk '/^The verbs:/ { on = 1 } on && /^\.It Cm / { print $3 } on && /^\.El/ { exit }' docs/man/conclave.1
}
keys() { # of conclave.conf(5), as NAME or GROUP.NAME: the items from KEYS on, of each section
	awk '/^\.Sh KEYS/ { on = 1 } /^\.Sh FILES/ { exit } /^\.Sh / { group = on && $2 != "KEYS" ? tolower($2) "." : "" }
		on && /^\.It Va / { for (i = 3; i <= NF && $i != "No"; i++) if ($i != ",") print group $i }' docs/man/conclave.conf.5
}
while read -r line; do
	[ -z "$line" ] || breach "$line"
done < <(
	code=$(sed -nE 's/^\t\.name = "([a-z-]+)",$/\1/p' ctl/verbs.c)
	page=$(verbs)
	same "the verb" docs/man/conclave.1
	code=$(sed -nE '/^const struct conf_key conf_keys/,$s/^    \{"([a-z_.]+)",.*/\1/p' config/conf_key.c)
	page=$(keys)
	same "the key" docs/man/conclave.conf.5
)

# what comments and pages cite is in the tree
while read -r line; do
	breach "$line"
done < <(tests/cites.py)

# a timer for a time of base/clock goes by that clock; one for a while goes by the loop's
while read -r hit; do
	breach "$hit: a time of base/clock is one of CLOCK_BOOTTIME"
done < <(grep -nE -A1 '\bsd_event_add_time\(' $(printf '%s\n' "${sources[@]}" | grep -v '^tests/') | grep -E 'CLOCK_(MONOTONIC|REALTIME)')

# nobody maps a file whose blocks are not there
while read -r hit; do
	breach "$hit: only base/file_map maps a file, after posix_fallocate (docs/STYLE.md, Ownership)"
done < <(grep -nE '\bmmap(64)?\(' $(printf '%s\n' "${sources[@]}" | grep -vE '^(tests|base/file_map)'))

# words that have no place in a finished tree
while read -r hit; do
	breach "$hit"
done < <(grep -nE '\b(TODO|FIXME|XXX)\b' "${sources[@]}")

# the supervisor must not carry nng's threads
if [ -x "$build/bin/conclaved" ]; then
	ldd "$build/bin/conclaved" | grep -q libnng && breach "conclaved links libnng"
fi

[ "$breaches" = 0 ] && echo "tidy: ${#sources[@]} files, no breach"
[ "$breaches" = 0 ]
