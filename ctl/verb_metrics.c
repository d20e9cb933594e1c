/* conclave metrics. */
#include "base/exit.h"
#include "ctl/metrics.h"
#include "ctl/verb.h"

#include <stdio.h>

int
verb_metrics(const struct ctl *c)
{
	struct asks asks;
	cJSON *health;
	int status = EXIT_OK;

	if (c->json)
		return verb_misused(c,
		                    "it has one form; as JSON: conclave health --json");
	if (verb_no_arguments(c))
		return EXIT_USAGE;
	health = verb_ask_health(c, &asks);
	metrics_print(health, &asks, stdout);
	if (asks_answered(&asks) == 0)
		status = verb_no_answer(c, "any process");
	cJSON_Delete(health);
	asks_deinit(&asks);
	return status;
}
