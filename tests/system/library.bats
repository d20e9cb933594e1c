#!/usr/bin/env bats
# libconclave as a user has it: the header, what is installed, and the examples.

load lab

setup_file() {
	export TOP=$BATS_TEST_DIRNAME/../..
	export INSTALLED=$BATS_FILE_TMPDIR/root
	[ -f "$CONCLAVE_BIN/../lib/libconclave.so.0" ] || skip "the library was not built beside these programs"
	make -s -C "$TOP" B="$(realpath --relative-to="$TOP" "$CONCLAVE_BIN/..")" DESTDIR="$INSTALLED" PREFIX=/usr \
		install-library
	export PKG_CONFIG_PATH=$INSTALLED/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$INSTALLED
}

teardown() {
	lab_down
}

# with LD_LIBRARY_PATH, and the sanitizers' runtime where the library was built with it
user() {
	LD_LIBRARY_PATH=$INSTALLED/usr/lib ASAN_OPTIONS=verify_asan_link_order=0 "$@"
}

@test "the header is C99 and C++, and needs nothing before it" {
	echo '#include <conclave.h>' >"$BATS_TEST_TMPDIR/one.c"
	flags=$(pkg-config --cflags conclave)
	gcc -std=c99 -pedantic -Wall -Wextra -Werror $flags -fsyntax-only "$BATS_TEST_TMPDIR/one.c"
	gcc -std=c11 -pedantic -Wall -Wextra -Werror $flags -fsyntax-only "$BATS_TEST_TMPDIR/one.c"
	command -v g++ >/dev/null || skip "there is no C++ compiler"
	g++ -std=c++98 -Wno-long-long -Wall -Wextra -Werror $flags -fsyntax-only -x c++ "$BATS_TEST_TMPDIR/one.c"
}

# each function of the header, and no other name, in both libraries
@test "the libraries offer what the header declares, and the shared one needs libc only" {
	declared=$(grep -oE '\bconclave_[a-z_]+\(' "$TOP/lib/conclave.h" | tr -d '(' | sort -u)
	[ "$(nm -D --defined-only "$INSTALLED/usr/lib/libconclave.so.0" |
		awk '$2 == "T" { sub(/@@CONCLAVE_0$/, "", $3); print $3 }' | sort)" = "$declared" ]
	[ "$(nm -g --defined-only "$INSTALLED/usr/lib/libconclave.a" | awk 'NF == 3 { print $3 }' | sort)" = "$declared" ]
	run -0 readelf -d "$INSTALLED/usr/lib/libconclave.so.0"
	[[ $output = *"soname: [libconclave.so.0]"* ]]
	grep -q NEEDED <<<"$output"
	! grep NEEDED <<<"$output" | grep -vE 'libc\.so|ld-linux|lib(a|ub)san'
}

@test "a program is built with pkg-config, shared and static, and each call has its page" {
	cat >"$BATS_TEST_TMPDIR/user.c" <<-'END'
		#include <conclave.h>
		int main(int argc, char **argv)
		{
			struct conclave *c;
			struct conclave_state s;
			if (argc < 2 || conclave_open(&c, argv[1]) < 0)
				return 2;
			conclave_state(c, &s);
			int bad = s.role != CONCLAVE_UNKNOWN || conclave_leading(c) || conclave_hold(c, 0, -1) == 0;
			conclave_close(c);
			return bad;
		}
	END
	san=$(nm -D "$INSTALLED/usr/lib/libconclave.so.0" | grep -q __asan_init && echo "-fsanitize=address,undefined" || true)
	cc=${san:+clang}
	${cc:-gcc} $san -o "$BATS_TEST_TMPDIR/shared" "$BATS_TEST_TMPDIR/user.c" $(pkg-config --cflags --libs conclave)
	${cc:-gcc} $san -o "$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR/user.c" $(pkg-config --cflags conclave) \
		"$INSTALLED/usr/lib/libconclave.a"
	user "$BATS_TEST_TMPDIR/shared" "$BATS_TEST_TMPDIR"
	"$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR"
	[ "$(pkg-config --modversion conclave)" = "$(sed -nE 's/.*CONCLAVE_VERSION "(.*)"/\1/p' "$TOP/base/version.h")" ]
	for call in $(grep -oE '\bconclave_[a-z_]+\(' "$TOP/lib/conclave.h" | tr -d '(' | sort -u); do
		page=$TOP/docs/man/$call.3
		[[ $(head -1 "$page") != .so* ]] || page=$TOP/docs/man/$(sed 's|.so man3/||' "$page")
		grep -qE "^\.Fn $call " "$page" || { echo "no page of $call"; return 1; }
	done
}

@test "the example of the manual, and the one in Go, are programs" {
	{
		echo '#include <conclave.h>'
		echo 'void move_one(int64_t epoch); void move_one(int64_t epoch) { (void)epoch; }'
		echo 'int main(void) {'
		awk '/^\.Bd/ { on = 1; next } /^\.Ed/ { on = 0 } on' "$TOP/docs/man/conclave.3"
		echo 'return 0; }'
	} >"$BATS_TEST_TMPDIR/manual.c"
	gcc -Wall -Wextra -Werror $(pkg-config --cflags conclave) -fsyntax-only "$BATS_TEST_TMPDIR/manual.c"
	command -v go >/dev/null || skip "Go is not installed: examples/go was not built"
	cp -r "$TOP/examples/go" "$BATS_TEST_TMPDIR/go"
	(cd "$BATS_TEST_TMPDIR/go" && GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=1 go vet ./... && go build -o leader .)
}
