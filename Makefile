# Conclave: make, make run [N=5], make check, make mutants [W=WORD], make model, make longer, make interop [ELECTIONS=200], make fuzz [T=600],
# make coverage, make soak [T=600], make bench, make tidy, make install. B is where everything
# that is built lands; SAN=1 builds with ASan and UBSan, COV=1 so that what runs is counted.

B      ?= build
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
N      ?= 3
OBJCOPY ?= objcopy
COMMA  := ,

WARN := -Wall -Wextra -Wshadow -Wswitch-enum -Wmissing-prototypes -Wconversion -Werror
CPPFLAGS += -I. -D_GNU_SOURCE
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) -fstack-protector-strong $(CFLAGS) $(SANFLAGS)
ALL_LDFLAGS = -Wl,--as-needed $(LDFLAGS) $(SANFLAGS)
ifdef SAN
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifdef COV
CFLAGS := -O0 -g
SANFLAGS := --coverage
else
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
CPPFLAGS += $(if $(findstring sanitize,$(SANFLAGS)),-DSANITIZED)

LIBS := -lnng -lssl -lcrypto -lsystemd -lconfig -ljansson -lseccomp -lpthread

PROGRAMS := conclaved conclave-connmgr conclave-elector conclave-peer conclave
conclaved_dir := supervisor
conclave-connmgr_dir := connmgr
conclave-elector_dir := elector
conclave-peer_dir := peer
conclave_dir := ctl

ROOMS := base wire config tls ipc proc swap client lib view supervisor connmgr elector peer ctl
LIB_SRC := $(filter-out %/main.c,$(wildcard $(ROOMS:%=%/*.c)))
# The links between the workers, and with them nng, are an archive of their own: conclaved and
# conclave must not carry them (chan_nng_share.c also answers sysconf in the place of libc).
LINKS_SRC := $(wildcard ipc/chan*.c ipc/uplink*.c)
LIB_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(LINKS_SRC),$(LIB_SRC)))
LINKS_OBJ := $(LINKS_SRC:%.c=$(B)/obj/%.o)
LAB_SRC := $(wildcard tests/lab/*.c)
LAB_OBJ := $(LAB_SRC:%.c=$(B)/obj/%.o)

UNIT  := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ  := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(patsubst tests/%/main.c,$(B)/tests/%,$(filter-out tests/model/%,$(wildcard tests/*/main.c)))

LIBCONCLAVE := $(B)/lib/libconclave.so $(B)/lib/libconclave.a

all: $(PROGRAMS:%=$(B)/bin/%) $(B)/completion/conclave $(B)/completion/_conclave $(LIBCONCLAVE)

# named as the shells look for them; EXEC runs a program that is built for another machine
$(B)/completion/%: $(B)/bin/conclave
	@mkdir -p $(@D)
	$(EXEC) $< completion $(if $(filter _%,$*),zsh,bash) >$@

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib.a: $(LIB_OBJ)
	@rm -f $@
	ar qcsT $@ $^

$(B)/links.a: $(LINKS_OBJ)
	@rm -f $@
	ar qcsT $@ $^

ALL_LIBS = -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)
conclave-connmgr_links := $(B)/links.a
conclave-elector_links := $(B)/links.a
conclave-peer_links := $(B)/links.a

define program_rule
$(B)/bin/$(1): $(B)/obj/$($(1)_dir)/main.o $(B)/lib.a $($(1)_links)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(ALL_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# libconclave: it needs libc only. The static library is one object, so that no name of ours but
# those of conclave.map meets those of a program.
CONCLAVE_SRC := $(wildcard lib/*.c) base/boot.c base/file_map.c base/page.c base/page_file.c ipc/pass.c
CONCLAVE_OBJ := $(CONCLAVE_SRC:%.c=$(B)/pic/%.o)
$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(B)/lib/libconclave.so.0: $(CONCLAVE_OBJ) lib/conclave.map
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F),--version-script=lib/conclave.map$(if $(SANFLAGS),,$(COMMA)-z$(COMMA)defs) \
		-o $@ $(CONCLAVE_OBJ) -lpthread

$(B)/lib/libconclave.so: $(B)/lib/libconclave.so.0
	ln -sf $(<F) $@

$(B)/lib/libconclave.a: $(CONCLAVE_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(LD) -r -o $(B)/lib/conclave.o $^
	$(OBJCOPY) --wildcard --keep-global-symbol='conclave_*' $(B)/lib/conclave.o
	ar qcs $@ $(B)/lib/conclave.o

$(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(B)/lib.a $(B)/links.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ALL_LIBS) -lcmocka

# a tool of the tests: tests/NAME/*.c with a main.c, and the lab
define tool_rule
$(B)/tests/$(1): $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/$(1)/*.c)) $(LAB_OBJ) $(B)/lib.a $(B)/links.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(ALL_LIBS)
endef
$(foreach t,$(notdir $(TOOLS)),$(eval $(call tool_rule,$(t))))
# The simulator stands between the shells and their cores, and beside what they stand on.
SIM_WRAPS := role_step role_lease_withheld role_lease_gate role_is_acked elect_step election_send quorum_has quorum_pair_agree vote_map_confirms \
	role_is_quorum role_is_all role_is_all_of_file role_is_member_of role_may_found role_change_found role_is_promised \
	boot_read peer_memory_open peer_memory_close page_open page_close \
	role_epochs_recorded role_change_start role_change_adopt role_change_begin role_change_give_up members_is_voter members_is_quorum
$(B)/tests/sim: ALL_LDFLAGS += $(SIM_WRAPS:%=-Wl,--wrap=%)


# The explorer has the peer's core for itself, with room for few servers (and for two groups, though it has none: where an array
# has one element, gcc takes each loop over pairs of them for an error).
MODEL_SRC := $(wildcard tests/model/*.c peer/role*.c wire/*.c) base/buf.c ipc/msg.c
MODEL_OBJ := $(MODEL_SRC:%.c=$(B)/model/%.o)
MODEL_WRAPS := role_is_quorum role_is_all role_is_all_of_file role_is_member_of role_may_found role_is_promised \
	role_is_acked role_change_start role_change_adopt role_change_begin role_change_give_up role_epochs_recorded \
	members_is_voter members_is_quorum role_is_fresher role_change_leave role_lease_withheld role_lease_gate
$(B)/model/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -DQCONFIG_SERVERS_MAX=4 -DQCONFIG_GROUPS_MAX=2 -DMEMBERS_MAX=4 -MMD -MP -c -o $@ $<

$(B)/tests/model: $(MODEL_OBJ)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(MODEL_WRAPS:%=-Wl,--wrap=%) -o $@ $^

# The real elector, between it and what it calls the faults of tests/badelector.
BAD_WRAPS := serve proc_parse_options elector_open proc_ready uplink_open uplink_send msg_encode msg_decode chan_send \
	recv nng_recv_aio
$(B)/tests/badelector: $(B)/obj/tests/badelector/badelector.o $(B)/obj/elector/main.o $(B)/lib.a $(B)/links.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(BAD_WRAPS:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(ALL_LIBS)

# preloaded into a server of the tests
$(B)/tests/hang.so: tests/hang/fsync.c
$(B)/tests/slow.so: tests/hang/slow.c
$(B)/tests/privileges.so: $(wildcard tests/privileges/*.c) ipc/msg.c base/buf.c
$(B)/tests/leak.so: tests/leak/leak.c
$(B)/tests/%.so:
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) -fPIC -shared -o $@ $^

# Fuzzers: libFuzzer where there is clang, else a seeded generator of our own. They are linked
# with the pure cores alone, built as they are; for coverage with the objects that count, and
# where clang builds all with sanitizers with those that it builds anyway.
CLANG := $(if $(COV),,$(shell command -v clang 2>/dev/null))
FUZZ_SAN := $(if $(COV),$(SANFLAGS),-fsanitize=address,undefined -fno-sanitize-recover=all)
FUZZ_CC := $(or $(CLANG),$(CC)) $(FUZZ_SAN) $(if $(CLANG),-fsanitize=fuzzer-no-link)
FUZZ_LD := $(or $(CLANG),$(CC)) $(FUZZ_SAN) $(if $(CLANG),-fsanitize=fuzzer)
FUZZ_SHARES := $(and $(SAN),$(filter clang%,$(notdir $(CC))))
FUZZ_OBJ := $(B)/$(if $(COV)$(FUZZ_SHARES),obj,fuzz)
FUZZ_CORES := $(patsubst %.c,$(FUZZ_OBJ)/%.o,$(filter %.c,$(shell tests/cores.sh)))
# what is no core, and fuzzed too
FUZZ_TLS := $(patsubst %.c,$(FUZZ_OBJ)/%.o,$(wildcard tls/*.c) base/file.c)
$(if $(FUZZ_SHARES),$(eval $(FUZZ_CORES) $(FUZZ_TLS): ALL_CFLAGS += -fsanitize=fuzzer-no-link))
FUZZ_DRIVER := $(if $(CLANG),,$(FUZZ_OBJ)/tests/fuzz/driver.o)

$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -g -MMD -MP -c -o $@ $<

$(FUZZ_OBJ)/cores.a: $(FUZZ_CORES)
	@rm -f $@
	ar qcsT $@ $^

$(B)/tests/fuzz/%: $(FUZZ_OBJ)/tests/fuzz/%.o $(FUZZ_DRIVER) $(FUZZ_OBJ)/cores.a
	@mkdir -p $(@D)
	$(FUZZ_LD) -o $@ $^ $(FUZZ_LIBS)

$(B)/tests/fuzz/fuzz_tls: $(FUZZ_TLS)
$(B)/tests/fuzz/fuzz_tls: FUZZ_LIBS := -lssl -lcrypto

# it has its core's memory ready: fresh pages would cost more than all the rest
$(B)/tests/fuzz/fuzz_elect: FUZZ_LD += -Wl,--wrap=calloc,--wrap=free

unit-programs: $(UNIT)
fuzz-programs: $(FUZZ)
tool-programs: $(TOOLS) $(B)/tests/model $(B)/tests/badelector $(B)/tests/hang.so $(B)/tests/slow.so $(B)/tests/leak.so $(B)/tests/privileges.so

-include $(shell find $(B)/obj $(B)/pic $(B)/fuzz $(B)/model -name '*.d' 2>/dev/null)

# What a person types. `run` and `check` install what is missing first, so they call make again.
run:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s all $(B)/tests/demo
	@exec $(B)/tests/demo $(N)

# The programs are built twice: by gcc as they ship, and by clang with sanitizers.
check:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s -j2 all tool-programs $(B)/tests/unit/test_conf_memory
	@$(MAKE) --no-print-directory -s -j2 B=$(B)/asan SAN=1 CC=clang CFLAGS="-O1 -g" all unit-programs fuzz-programs \
		$(B)/asan/tests/demo $(B)/asan/tests/hang.so
	@clang $(CPPFLAGS) -std=gnu11 $(WARN) -fsyntax-only $(filter-out tests/unit/% tests/fuzz/%,$(wildcard tests/*/*.c)) & \
	gcc $(CPPFLAGS) -std=gnu11 $(WARN) -fsyntax-only $(wildcard tests/unit/*.c) && wait $$!
	@tests/check.sh $(B)

# Beside the real ZooKeeper: an ensemble to observe, and mixed elections with Java voters.
ELECTIONS ?= 20
SEED ?= 1
interop:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s all
	@tests/interop.sh $(B) $(ELECTIONS) $(SEED)

# Whole ensembles under ThreadSanitizer. It is slow, so the watchdog and the leader have to be
# patient, and this is no part of check.
TSAN_TEXT := supervisor = { ready_ms = 120000; watchdog_ms = 60000; }; timing = { tick_ms = 500; };
tsan:
	@$(MAKE) --no-print-directory -s -j2 B=$(B)/tsan SANFLAGS=-fsanitize=thread all
	@CONCLAVE_BIN=$(abspath $(B))/tsan/bin LAB_SLOW=1 LAB_TEXT="$(TSAN_TEXT)" bats tests/system/elect.bats

# Each fault many times over; T is seconds.
T ?= 600
soak: all tool-programs
	@tests/soak.sh $(B) $(T)

# What takes too long for check and is looked at by CI; most of it is a share of soak.
longer: all tool-programs
	@tests/longer.sh $(B)

# Every order of events over the peer's core, for a few servers and few faults.
model: $(B)/tests/model
	@tests/model.sh $(B)

# Each fuzzer for T seconds, two at a time.
fuzz:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s -j2 fuzz-programs
	@tests/fuzz.sh $(B) $(T)

# Each small wrong change of tests/mutants must be noticed by a quick test. W: only those with a word of it.
mutants:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s -j2 B=$(B)/mutants CFLAGS="-O1 -g" CLANG= FUZZ_SAN= all unit-programs fuzz-programs \
		$(B)/mutants/tests/sim $(B)/mutants/tests/vectors
	@CC="$(CC)" CFLAGS="$(CPPFLAGS) -std=gnu11 -fstack-protector-strong -O1 -g" LDFLAGS="-Wl,--as-needed" \
		LIBS="$(LIBS)" SIM_WRAPS="$(SIM_WRAPS)" PROGRAMS="$(foreach p,$(PROGRAMS),$(p)=$($(p)_dir))" JOBS=$${JOBS-$$(nproc)} \
		tests/mutants.py $(B)/mutants $(W)

# Lines and branches that the unit tests, the vectors and the fuzzers' corpora run.
coverage:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s -j2 B=$(B)/cov COV=1 unit-programs $(B)/cov/tests/vectors fuzz-programs
	@tests/coverage.sh $(B)/cov

bench:
	@tests/install.sh
	@$(MAKE) --no-print-directory -s all $(B)/tests/bench $(B)/tests/sandbox $(B)/tests/leak.so
	@$(B)/tests/bench $(BENCH)
	@tests/box/bench.sh $(B)

tidy: all
	@tests/tidy.sh $(B)

format:
	clang-format -i $(wildcard $(ROOMS:%=%/*.[ch]) tests/*/*.[ch])

UNITS := $(wildcard etc/systemd/conclave*.service etc/systemd/conclave*.socket etc/systemd/conclave*.target)
MAN := $(wildcard docs/man/*.[1-8])
VERSION := $(shell sed -nE 's/^\#define CONCLAVE_VERSION "(.*)"$$/\1/p' base/version.h)
install: all install-library
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/libexec/conclave
	install -m 755 $(B)/bin/conclave $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/bin/conclaved $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(B)/bin/conclave-* $(DESTDIR)$(PREFIX)/libexec/conclave/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man3 $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8
	for page in $(notdir $(MAN)); do \
		sed 's|/usr/local|$(PREFIX)|g' "docs/man/$$page" > "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page" && \
		chmod 644 "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$page" || exit; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/doc/conclave $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 README.md LICENSE etc/conclave.conf $(DESTDIR)$(PREFIX)/share/doc/conclave/
	install -m 644 $(B)/completion/conclave $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	install -m 644 $(B)/completion/_conclave $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in $(notdir $(UNITS)); do \
		sed 's|@bindir@|$(PREFIX)/bin|g; s|@sbindir@|$(PREFIX)/sbin|g; s|@libexecdir@|$(PREFIX)/libexec/conclave|g' \
			"etc/systemd/$$unit" > "$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit" && \
		chmod 644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit" || exit; \
	done
	install -D -m 644 etc/systemd/sysusers-conclave.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/conclave.conf

# What is needed to build and run programs with libconclave.
install-library: $(LIBCONCLAVE)
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 lib/conclave.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(B)/lib/libconclave.so.0 $(B)/lib/libconclave.a $(DESTDIR)$(LIBDIR)/
	ln -sf libconclave.so.0 $(DESTDIR)$(LIBDIR)/libconclave.so
	sed 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@version@|$(VERSION)|' lib/conclave.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/conclave.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/conclave.pc

clean:
	rm -rf $(B)

.PHONY: all unit-programs fuzz-programs tool-programs run check model mutants longer interop tsan soak fuzz coverage bench tidy \
	format install install-library clean
.SECONDARY:
.DELETE_ON_ERROR:
