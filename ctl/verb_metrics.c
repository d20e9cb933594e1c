/* conclave metrics. */
#include "base/exit.h"
#include "ctl/verb.h"
#include "view/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
verb_metrics(const struct ctl *c)
{
	static char text[METRICS_TEXT_MAX];
	enum verdict_kind verdict;
	int status = EXIT_OK;
	struct buf_out out;
	struct asks asks;
	json_t *health;

	if (c->json)
		return verb_misused(c,
		                    "there is no JSON form; use conclave health --json");
	health = verb_ask_health(c, &asks, &verdict);
	buf_out_init(&out, text, sizeof(text));
	metrics_put(health, &asks, &out);
	if (out.bad)
		status = verb_failed(c, EXIT_FAILED, "metrics: %s", strerror(EMSGSIZE));
	else
		fwrite(text, 1, out.len, stdout);
	if (asks_answered(&asks) == 0)
		status = verb_no_answer(c, "any process");
	json_decref(health);
	asks_deinit(&asks);
	return status;
}
