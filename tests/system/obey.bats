#!/usr/bin/env bats
# Which program is started as elector: never one that a worker names (connmgr writes the record), and none
# that another user could change. What is refused gives way to the installed one.

load lab
load lab_odd
load lab_swap

teardown() {
	lab_down
}

# exe ID: the file that its elector executes
exe() {
	readlink "/proc/$(lab_pid "$1" elector)/exe"
}

runs() { # ID FILE
	[ "$(exe "$1")" = "$2" ]
}

# forge ID VERSION NAME WHERE: a record with this name in use, as a connmgr that was taken over could write it
forge() {
	local dir=$LAB/$1/$4 evil=$LAB/evil/elector
	[ "$2" = 1 ] || evil=
	mkdir -p "$dir/connmgr"
	printf '%s\n' "conclave record $2" "generation 7000" "name $3" "path $LAB/evil/elector" \
		"before main${evil:+ $evil}" end >"$dir/connmgr/elector"
	chmod -R go= "$dir"
}

setup_programs() {
	installed=$(realpath "$CONCLAVE_BIN/conclave-elector")
	mkdir "$LAB/evil" "$LAB/new"
	cp "$installed" "$LAB/evil/elector"
	cp "$installed" "$LAB/new/elector"
	program=$LAB/new/elector
}

@test "a record that names a program is not obeyed: the installed one runs, and health says so" {
	lab_make 1
	setup_programs
	for where in data run; do
		for version in 1 2; do
			forge 1 $version evil $where
			lab_start 1
			[ "$(lab_wait_leader)" = 1 ]
			runs 1 "$installed"
			lab_until "evil is a name" in_use 1 evil
			lab_until "health says so" lab_health_says 1 \
				"runs the installed program: no program of this name was put in place"
			lab_conclave 1 swap --undo # to a program that the record names as well
			lab_until "main is in use" in_use 1 main
			runs 1 "$installed"
			! lab_health_says 1 "installed program" || return 1
			lab_stop 1
			rm -r "$LAB/1/run" "$LAB/1/data/connmgr"
		done
	done
}

@test "a name that an administrator has put in place keeps its program, over restarts of all" {
	lab_up 1 'supervisor = { probation_ms = 200; };'
	setup_programs
	lab_wait_leader
	lab_conclave 1 swap elector "$program"
	lab_until "it is accepted" eval 'record 1 | grep -qx "name e2" && ! record 1 | grep accepted'
	lab_until "its copy is written" grep -qx "name e2" "$LAB/1/data/connmgr/elector"
	runs 1 "$program"
	lab_stop 1
	rm -r "$LAB/1/run" # the machine was restarted
	lab_start 1
	[ "$(lab_wait_leader)" = 1 ]
	runs 1 "$program"
	in_use 1 e2
	[ "$(stat -c %a "$LAB/1/data/conclaved")" = 700 ]
	grep -qx "e2 $program" "$LAB/1/data/conclaved/programs"
	# ps shows a name, and not the number of the open file that was executed
	[ "$(<"/proc/$(lab_pid 1 elector)/comm")" = elector ]
	! grep -r "$program" "$LAB/1/data/connmgr" "$LAB/1/run/connmgr" || return 1
	# a damaged list is no list
	lab_stop 1
	echo "e2 $LAB/evil/elector" >"$LAB/1/data/conclaved/programs"
	lab_start 1
	[ "$(lab_wait_leader)" = 1 ]
	runs 1 "$installed"
	lab_health_says 1 "runs the installed program"
}

@test "a program that may not run any more: the installed one takes its place; mended, it comes back" {
	lab_up 1 'supervisor = { probation_ms = 200; };'
	setup_programs
	lab_wait_leader
	lab_conclave 1 swap elector "$program"
	lab_until "it is accepted" eval 'record 1 | grep -qx "name e2" && ! record 1 | grep accepted'
	refused() { # WORDS
		local old
		old=$(lab_pid 1 elector)
		kill -9 "$old"
		lab_until "the elector is back" lab_replaced 1 elector "$old"
		runs 1 "$installed"
		in_use 1 e2
		lab_until "health says why" lab_health_says 1 "$1"
		[ "$(lab_wait_leader)" = 1 ]
	}
	mended() {
		lab_conclave 1 restart elector
		lab_until "the elector is ready" in_use 1 e2
		runs 1 "$program"
		! lab_health_says 1 "installed program" || return 1
	}
	chmod g+w "$LAB/new"
	refused "$LAB/new is writable by others; chmod go-w it"
	chmod g-w "$LAB/new"
	mended
	chmod 4755 "$program"
	refused "$program would run as its owner"
	chmod 755 "$program"
	mended
	mv "$program" "$LAB/new/gone"
	refused "$program: No such file"
	mkfifo "$program"
	refused "$program is no file"
	rm "$program"
	mv "$LAB/new/gone" "$program"
	mended
	# a swap of what may not run is refused before anything happens
	chmod o+w "$LAB"
	run -1 lab_conclave 1 swap elector "$program"
	[[ $output == *"$LAB is writable by others; chmod go-w it"* ]]
	chmod o-w "$LAB"
}

@test "a program whose name cannot be kept is not promoted, and the old one goes on" {
	lab_make 1
	setup_programs
	mkdir -p "$LAB/1/data/conclaved/programs.new"
	chmod -R go= "$LAB/1/data"
	lab_start 1
	lab_wait_leader
	run -1 lab_conclave 1 swap elector "$program"
	[[ $output == *"$LAB/1/data/conclaved/programs cannot be written: "* ]]
	in_use 1 main
	runs 1 "$installed"
	rmdir "$LAB/1/data/conclaved/programs.new"
	lab_conclave 1 swap elector "$program"
	runs 1 "$program"
	[ "$(lab_wait_leader)" = 1 ]
}
