/* view/metrics: escapes, units, histograms, and no sample twice. */
#include "view/metrics.h"

#include "view/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char page[METRICS_TEXT_MAX];

/* Prints with these rows and the answers of an elector and a connmgr. */
static void
print(const char *rows, const char *elector, const char *connmgr)
{
	struct asks asks = {.count = 2};
	char text[4096];
	struct buf_out out;
	json_t *health;

	snprintf(text, sizeof(text), "{\"verdict\":\"degraded\",\"processes\":[%s]}",
	         rows);
	health = json_loads(text, 0, NULL);
	assert_non_null(health);
	asks.list[0].answer = json_loads(elector, 0, NULL);
	asks.list[1].answer = json_loads(connmgr, 0, NULL);
	buf_out_init(&out, page, sizeof(page) - 1);
	metrics_put(health, &asks, &out);
	assert_false(out.bad);
	page[out.len] = '\0';
	json_decref(health);
	asks_deinit(&asks);
}

static void
has(const char *line)
{
	const char *at = strstr(page, line);

	if (!at || (at != page && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line `%s` in\n%s", line, page);
}

static void
hasnt(const char *text)
{
	if (strstr(page, text))
		fail_msg("`%s` in\n%s", text, page);
}

static void
units_and_escapes(void **state)
{
	(void)state;
	print("{\"name\":\"a\\\"b\\\\c\\nd\",\"state\":\"ready\",\"rss_kb\":3,"
	      "\"cpu_ms\":61007,\"uptime_ms\":5,\"threads\":null,"
	      "\"generation\":4611686018427387905,"
	      "\"drops\":{\"not-asked\":7},\"restarts_by\":{\"memory\":1},"
	      "\"queues\":[{\"name\":\"x\",\"length\":1,\"bound\":2,\"drops\":3}]}",
	      "null", "null");
	has("conclave_verdict 1");
	has("# TYPE conclave_process_cpu_seconds_total counter");
	has("conclave_process_up{process=\"a\\\"b\\\\c\\nd\"} 1");
	has("conclave_process_resident_memory_bytes{process=\"a\\\"b\\\\c\\nd\"} 3072");
	has("conclave_process_cpu_seconds_total{process=\"a\\\"b\\\\c\\nd\"} 61.007");
	has("conclave_process_uptime_seconds{process=\"a\\\"b\\\\c\\nd\"} 0.005");
	has("conclave_process_generation{process=\"a\\\"b\\\\c\\nd\"} "
	    "4611686018427387905");
	has("conclave_drops_total{process=\"a\\\"b\\\\c\\nd\",reason=\"not-asked\"} 7");
	has("conclave_process_ends_total{process=\"a\\\"b\\\\c\\nd\",reason=\"memory\"} "
	    "1");
	has("conclave_queue_messages{process=\"a\\\"b\\\\c\\nd\",queue=\"x\"} 1");
	has("conclave_queue_bound_messages{process=\"a\\\"b\\\\c\\nd\",queue=\"x\"} 2");
	has("conclave_queue_drops_total{process=\"a\\\"b\\\\c\\nd\",queue=\"x\"} 3");
	has("# EOF");
	assert_string_equal(page + strlen(page) - 6, "# EOF\n");
	hasnt("conclave_process_threads{");
	hasnt("conclave_epoch");
	hasnt("conclave_elections");
	hasnt("conclave_link_up");
}

static void
of_two_with_one_name_the_first(void **state)
{
	(void)state;
	print("{\"name\":\"peer\",\"state\":\"waiting\",\"restarts\":4},"
	      "{\"name\":\"peer\",\"state\":\"ready\",\"rss_kb\":1},"
	      "{\"name\":\"elector\",\"state\":\"silent\"}",
	      "null", "null");
	has("conclave_process_up{process=\"peer\"} 0");
	has("conclave_process_up{process=\"elector\"} 0");
	has("conclave_process_restarts_total{process=\"peer\"} 4");
	hasnt("conclave_process_up{process=\"peer\"} 1");
	hasnt("resident_memory_bytes{");
}

static void
histograms_and_counters(void **state)
{
	(void)state;
	print("",
	      "{\"who\":\"elector\",\"active\":true,\"counters\":{\"elections\":3},"
	      "\"decide\":{\"bounds_us\":[1000,2500,60000000],\"counts\":[2,0,1,4],"
	      "\"sum_us\":300000001}}",
	      "{\"who\":\"connmgr\",\"counters\":{\"election_frames_in\":8,"
	      "\"learner_frames_in\":9},\"remotes\":[{\"id\":4611686018427387904,"
	      "\"lane\":\"election\",\"link\":\"up\"},{\"id\":2,\"lane\":\"learner\","
	      "\"link\":\"connecting\"}]}");
	has("conclave_elections_total 3");
	has("conclave_decide_seconds_bucket{le=\"0.001\"} 2");
	has("conclave_decide_seconds_bucket{le=\"0.0025\"} 2");
	has("conclave_decide_seconds_bucket{le=\"60\"} 3");
	has("conclave_decide_seconds_bucket{le=\"+Inf\"} 7");
	has("conclave_decide_seconds_sum 300.000001");
	has("conclave_decide_seconds_count 7");
	has("conclave_frames_received_total{lane=\"election\"} 8");
	has("conclave_frames_received_total{lane=\"learner\"} 9");
	has("conclave_link_up{remote=\"4611686018427387904\",lane=\"election\"} 1");
	has("conclave_link_up{remote=\"2\",lane=\"learner\"} 0");
	hasnt("establish");
	print("",
	      "{\"who\":\"peer\",\"lease\":{\"ends_ms\":1204,\"wanted\":true,\"holds\":[{"
	      "},{}],"
	      "\"resumed\":3,\"clocks_differ\":false}}",
	      "null");
	has("conclave_lease_seconds 1.204");
	has("conclave_lease_wanted 1");
	has("conclave_lease_holds 2");
	has("conclave_lease_clocks_differ 0");
	has("# TYPE conclave_terms_resumed_total counter");
	has("conclave_terms_resumed_total 3");
	hasnt("conclave_lease_promises");
	/* a shadow's count for nothing */
	print("", "{\"who\":\"elector\",\"active\":false,\"counters\":{\"elections\":3}}",
	      "null");
	hasnt("conclave_elections");
	/* nonsense must not overflow */
	print("",
	      "{\"who\":\"elector\",\"active\":true,\"decide\":{\"bounds_us\":[1],"
	      "\"counts\":[9223372036854775807,1],\"sum_us\":0}}",
	      "null");
	has("conclave_decide_seconds_bucket{le=\"1e-06\"} 9223372036854775807");
}

static void
tls(void **state)
{
	(void)state;
	print(
	    "", "null",
	    "{\"who\":\"connmgr\",\"remotes\":[{\"id\":2,\"lane\":\"election\",\"link\":"
	    "\"up\","
	    "\"tls\":\"psk a\"},{\"id\":3,\"lane\":\"election\",\"link\":\"up\",\"tls\":"
	    "\"plain\"},{\"id\":3,\"lane\":\"learner\",\"link\":\"up\",\"tls\":\"psk "
	    "b\"},"
	    "{\"id\":4,\"lane\":\"election\",\"link\":\"down\",\"tls\":\"\"}],\"tls\":{"
	    "\"opened\":"
	    "7,\"refused\":5,\"plain\":3,\"others\":2,\"error\":\"no\"}}");
	has("conclave_tls_links{kind=\"psk\"} 2");
	has("conclave_tls_links{kind=\"plain\"} 1");
	has("conclave_tls_handshakes_total{result=\"opened\"} 7");
	has("conclave_tls_handshakes_total{result=\"refused\"} 5");
	has("conclave_tls_handshakes_total{result=\"plain\"} 3");
	has("conclave_tls_handshakes_total{result=\"others\"} 2");
	has("conclave_tls_reload_failed 1");
	print("", "null",
	      "{\"who\":\"connmgr\",\"tls\":{\"mode\":\"off\",\"text\":\"\"}}");
	has("conclave_tls_handshakes_total{result=\"opened\"} 0");
	has("conclave_tls_reload_failed 0");
	print("", "null", "{\"who\":\"connmgr\"}");
	hasnt("conclave_tls_handshakes");
	hasnt("conclave_tls_reload");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tls),
	    cmocka_unit_test(units_and_escapes),
	    cmocka_unit_test(of_two_with_one_name_the_first),
	    cmocka_unit_test(histograms_and_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
