/* config/conf_memory: what connmgr may need by the formula is what connmgr does allocate,
 * at its start and when every bound is reached. */
#include "config/conf_memory.h"

#include "connmgr/shell.h"
#include "connmgr/wire.h"
#include "tests/unit/conf_kit.h"

#include <malloc.h>
#include <systemd/sd-event.h>

static uint64_t
in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static const char *
servers(unsigned count)
{
	static char text[8192];
	static unsigned turn; /* connmgr keeps the lock of its folder until it exits */
	int used = snprintf(text, sizeof(text),
	                    "id = 1; run_dir = \"%s/%u\"; data_dir = \"%s/%u\";"
	                    "servers = (",
	                    conf_dir, turn, conf_dir, turn + 1);

	turn += 2;
	for (unsigned i = 1; i <= count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
		                 "%s{ id = %u; host = \"127.0.0.%u\"; quorum_port = 1; "
		                 "election_port = 2; }",
		                 i > 1 ? "," : "", i, i);
	strcat(text, ");");
	return text;
}

/* A link of a stranger is made when it comes, and kept. */
static uint64_t
of_one_stranger(sd_event *loop)
{
	static const struct wire_ops ops;
	uint64_t before = in_use(), large = 0;
	struct wire *w;

	assert_int_equal(wire_new(&w, loop, WIRE_GUEST, &ops, NULL, &large), 0);
	before = in_use() - before;
	wire_free(w);
	return before;
}

static void
what_connmgr_allocates(void **state)
{
	static const struct {
		unsigned servers, strangers, handshakes;
	} cases[] = {
	    {1, 64, 128}, {3, 64, 128}, {32, 64, 128}, {32, 1, 4}, {7, 500, 300}};
	sd_event *loop;

	(void)state;
	if (in_use() == 0)
		skip(); /* a sanitizer has its own heap */
	assert_int_equal(sd_event_new(&loop), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before, has, need;
		struct connmgr *connmgr;
		char text[9000];

		snprintf(text, sizeof(text),
		         "%s links = { strangers_max = %u; handshakes_max = %u; };"
		         "supervisor = { memory_mb = 0; };",
		         servers(cases[i].servers), cases[i].strangers,
		         cases[i].handshakes);
		conf_kit_good(text);
		before = in_use();
		assert_int_equal(connmgr_open(&connmgr, loop, &conf_got, "main"), 0);
		has = in_use() - before;
		connmgr_close(connmgr);
		has += cases[i].strangers * of_one_stranger(loop);
		need = conf_memory_need(&conf_got);
		print_message("%u servers, %u strangers, %u handshakes: %.1f MiB, the "
		              "formula says %.1f\n",
		              cases[i].servers, cases[i].strangers, cases[i].handshakes,
		              (double)has / 1048576, (double)need / 1048576);
		assert_true(need >= has);
		assert_true(need <= has + has / 2);
	}
	sd_event_unref(loop);
}

static void
what_does_not_fit(void **state)
{
	static char many[16384];
	const struct conf_kit_case cases[] = {
	    {GOOD "supervisor = { memory_mb = 1; };\n",
	     8,
	     {"memory_mb = 1 is not enough", "with 3 servers", "; write memory_mb = "}},
	    {GOOD "links = {\nstrangers_max = 4096; };\n",
	     9,
	     {"memory_mb = 128 is not enough", "strangers_max = 4096", "MiB"}},
	    {GOOD "links = {\nstrangers_max = 256; handshakes_max =\n4096; };\n",
	     9,
	     {"handshakes_max = 4096"}},
	    {many, 1, {"with 32 servers", "strangers_max = 400"}},
	};

	(void)state;
	snprintf(many, sizeof(many), "%s links = { strangers_max = 400; };", servers(32));
	CONF_KIT_REFUSED(cases);
	/* the defaults fit the largest ensemble */
	conf_kit_good(servers(32));
	conf_kit_good(GOOD "links = { strangers_max = 4096; handshakes_max = 4096; };\n"
	                   "supervisor = { memory_mb = 0; };\n");
}

/* What the error says to write is accepted. */
static void
the_advice_is_good(void **state)
{
	struct conf_error error;
	const char *at;
	char text[1024];
	unsigned mib;

	(void)state;
	assert_int_equal(conf_load(conf_kit_write("bad.conf", GOOD
	                                          "links = { strangers_max = 1000; };"),
	                           &conf_got, &error),
	                 1);
	at = strstr(error.text, "write memory_mb = ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "write memory_mb = %u or more", &mib), 1);
	snprintf(text, sizeof(text),
	         GOOD
	         "links = { strangers_max = 1000; }; supervisor = { memory_mb = %u; };",
	         mib);
	conf_kit_good(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_connmgr_allocates),
	    cmocka_unit_test(what_does_not_fit),
	    cmocka_unit_test(the_advice_is_good),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
