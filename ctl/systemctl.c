/* Runs systemctl; see systemctl.h. */
#include "ctl/systemctl.h"

#include "ctl/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* This is more than TimeoutStartSec and TimeoutStopSec of the units. */
#define PATIENCE_MS 30000
#define UNIT_MAX    80

static void
unit_of(const char *name, char out[UNIT_MAX])
{
	snprintf(out, UNIT_MAX, "conclave-elector@%s.service", name);
}

int
systemctl(const char *verb, const char *name)
{
	char unit[UNIT_MAX], said[SYSTEMCTL_TEXT_MAX];
	const char *argv[] = {"systemctl", "--quiet", verb, unit, NULL};

	unit_of(name, unit);
	return run_program(argv, PATIENCE_MS, said, sizeof(said));
}

/* The value of a property, without the end of its line. Other than 0: `out` is "". */
static int
show(const char *name, const char *property, char *out, size_t cap)
{
	char unit[UNIT_MAX];
	const char *argv[] = {"systemctl", "show", "--value", "-p", property, unit, NULL};
	int r;

	unit_of(name, unit);
	r = run_program(argv, PATIENCE_MS, out, cap);
	if (r != 0)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return r;
}

/* { path=/usr/libexec/…/conclave-elector ; argv[]=… ; … } */
int
systemctl_program(const char *name, char *out, size_t cap)
{
	static const char key[] = "path=";
	char text[SYSTEMCTL_TEXT_MAX];
	const char *at, *end;
	int r = show(name, "ExecStart", text, sizeof(text));

	out[0] = '\0';
	at = strstr(text, key);
	if (r != 0 || !at)
		return r != 0 ? r : -ENOENT;
	at += strlen(key);
	end = strstr(at, " ;");
	if (!end || (size_t)(end - at) >= cap)
		return -ENAMETOOLONG;
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
	return 0;
}

long
systemctl_restarts(const char *name)
{
	char text[64];

	if (show(name, "ActiveState", text, sizeof(text)) != 0 ||
	    (strcmp(text, "active") != 0 && strcmp(text, "reloading") != 0))
		return -1;
	if (show(name, "NRestarts", text, sizeof(text)) != 0)
		return -1;
	return strtol(text, NULL, 10);
}
