/* Which program a child of conclaved executes; see shell.h. */
#include "supervisor/shell.h"

#include "base/log.h"
#include "base/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
supervisor_programs_load(struct supervisor *s)
{
	int r = programs_load(s->conf.data_dir, &s->programs, s->programs_path);

	if (r != 0)
		log_err("%s is %s; electors that were swapped in run the installed "
		        "program: swap again",
		        s->programs_path, r > 0 ? "damaged" : strerror(-r));
}

void
supervisor_program_name(const struct supervisor *s, struct record_program *p)
{
	const char *path = programs_find(&s->programs, p->name);

	snprintf(p->path, sizeof(p->path), "%s", path ? path : "");
}

void
supervisor_child_program(struct supervisor_child *m, const struct record_program *p)
{
	snprintf(m->chosen, sizeof(m->chosen), "%s", m->seat >= 0 ? p->path : "");
	snprintf(m->name, sizeof(m->name), "%s", m->seat >= 0 ? p->name : PROGRAMS_MAIN);
	(void)paths_below(m->path, sizeof(m->path), m->supervisor->program_dir,
	                  m->row->program, NULL);
	m->refused[0] = '\0';
}

int
supervisor_program_open(struct supervisor_child *m, int *exe)
{
	const struct supervisor *s = m->supervisor;
	bool in_use = m->seat == (int)s->drive.core.active;

	*exe = -1;
	m->refused[0] = '\0';
	if (m->chosen[0] != '\0') {
		char real[RECORD_PATH_MAX];

		if (program_open(m->chosen, exe, real, m->refused) == 0) {
			strcpy(m->path, real);
			return 0;
		}
		if (!in_use)
			return -EPERM;
	} else if (m->seat >= 0 && strcmp(m->name, PROGRAMS_MAIN) != 0) {
		snprintf(m->refused, sizeof(m->refused),
		         "no program of this name was put in place by conclave swap");
	}
	(void)paths_below(m->path, sizeof(m->path), s->program_dir, m->row->program,
	                  NULL);
	if (m->refused[0] != '\0')
		log_err("elector %s: the installed program is started: %s", m->name,
		        m->refused);
	return 0;
}
