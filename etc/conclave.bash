# bash completion for conclave(1)

_conclave() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs="status leader health metrics watch wait restart swap reload claim check probe import"
	local verb="" i words

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c) ((i++)) ;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ "$prev" = -c ] || [ "$prev" = --myid ] ||
		{ [[ $verb == @(check|import) ]] && [[ $cur != -* ]] && [ "$prev" != --id ]; }; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	case $verb in
	"") words="$verbs -c --json --help --version" ;;
	wait)
		[ "$prev" != --timeout ] || return
		words="--leader --leading --timeout --json --help"
		;;
	import)
		[ "$prev" != --id ] || return
		words="--id --myid --json --help"
		;;
	probe | health) words="--watch --json --help" ;;
	metrics) words="--help" ;;
	swap)
		[ "$prev" != --shadow ] || return
		if [ "$prev" = elector ]; then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		words="elector --shadow --force --undo --status --json --help"
		;;
	check) words="--systemd --json --help" ;;
	restart) words="connmgr elector peer --json --help" ;;
	*) words="--json --help" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _conclave conclave
