# The completions of the shells, made by `conclave completion`.

bats_require_minimum_version 1.5.0

CONCLAVE_BIN=${CONCLAVE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}

# completes WORDS…: what bash offers for the last word
completes() {
	local COMP_WORDS=(conclave "$@") COMP_CWORD=$# COMPREPLY
	compopt() { :; }
	_conclave
	echo " ${COMPREPLY[*]} "
}

@test "bash completes verbs, options, words and files" {
	eval "$("$CONCLAVE_BIN/conclave" completion bash)"
	[[ $(completes "") == *" status "*" swap "*" import "* ]]
	[[ $(completes st) == " status step-down " ]]
	[[ $(completes -) == " -c --json --help --version " ]]
	[[ $(completes wait "") == " --leader --leading --lost --members --timeout --json --help " ]]
	[[ $(completes -c some.conf wait --leader --t) == " --timeout " ]]
	[[ $(completes wait --timeout "") == "  " ]]
	[[ $(completes metrics -) == " --help " ]]
	[[ $(completes restart "") == " connmgr elector peer " ]]
	[[ $(completes restart -) == " --json --help " ]]
	[[ $(completes swap --) == " --shadow --force --undo --status --json --help " ]]
	cd "$BATS_TEST_TMPDIR"
	touch zoo.cfg
	[[ $(completes import "") == " zoo.cfg " ]]
	[[ $(completes import --myid z) == " zoo.cfg " ]]
	[[ $(completes import --id "") == "  " ]]
	[[ $(completes swap "") == " elector zoo.cfg " ]]
	[[ $(completes -c "") == " zoo.cfg " ]]
}

@test "another shell has none: 64" {
	run -64 "$CONCLAVE_BIN/conclave" completion tcsh
	run -64 "$CONCLAVE_BIN/conclave" completion
	run -0 "$CONCLAVE_BIN/conclave" completion zsh
	[[ $output == "#compdef conclave"* ]]
}
