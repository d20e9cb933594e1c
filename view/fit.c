/* See fit.h. */
#include "view/fit.h"

#include "view/member.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 4096

/* In the order in which systemctl is asked for them, and shows them. */
enum unit { ALL, TARGET, CONNMGR, PORTS, ELECTOR, PEER, UNITS };

struct role {
	const char *name;
	/* whom it runs as where each worker has a user of its own; NULL: no worker */
	const char *user;
	/* the folders below run_dir and data_dir; NULL: the unit writes nothing there */
	const char *run, *data;
};

static const struct role roles[UNITS] = {
    [ALL] = {"conclave.service", NULL, "", ""},
    [TARGET] = {"conclave.target", NULL, NULL, NULL},
    [CONNMGR] = {"conclave-connmgr.service", "conclave-connmgr", "/connmgr", "/connmgr"},
    [PORTS] = {"conclave-connmgr.socket", NULL, NULL, NULL},
    [ELECTOR] = {"conclave-elector@main.service", "conclave-elector", "/elector-main",
                 NULL},
    [PEER] = {"conclave-peer.service", "conclave-peer", "/peer", "/peer"},
};

struct judge {
	const struct conf *conf;
	const char *file;
	/* for each unit a block of NAME=VALUE lines, up to a blank line */
	const char *shown[UNITS];
	const struct fit_machine *machine;
	json_t *problems;
};

static void __attribute__((format(printf, 2, 3)))
complain(const struct judge *j, const char *format, ...)
{
	char text[FIT_PROBLEM_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	json_array_append_new(j->problems, member_of_bytes(text));
}

/* Copies the value of the `nth` line of that name in the unit's block; "": there is none.
 */
static const char *
value_of(const struct judge *j, enum unit u, const char *name, unsigned nth,
         char out[VALUE_MAX])
{
	const char *line = j->shown[u];
	size_t len = strlen(name);

	out[0] = '\0';
	while (line && *line && *line != '\n') {
		size_t line_len = strcspn(line, "\n");

		if (strncmp(line, name, len) == 0 && line[len] == '=' && nth-- == 0) {
			snprintf(out, VALUE_MAX, "%.*s", (int)(line_len - len - 1),
			         line + len + 1);
			break;
		}
		line += line_len + (line[line_len] == '\n');
	}
	return out;
}

static bool
is(const struct judge *j, enum unit u, const char *name, const char *want)
{
	char value[VALUE_MAX];

	return strcmp(value_of(j, u, name, 0, value), want) == 0;
}

static bool
has_word(const struct judge *j, enum unit u, const char *name, const char *start)
{
	char value[VALUE_MAX], *rest = value, *word;

	value_of(j, u, name, 0, value);
	while ((word = strsep(&rest, " ")))
		if (strncmp(word, start, strlen(start)) == 0)
			return true;
	return false;
}

static bool
is_in_use(const struct judge *j, enum unit u)
{
	return is(j, u, "UnitFileState", "enabled") || is(j, u, "ActiveState", "active");
}

/* True: a word of the setting, behind `prefix`, names that folder or one above it. */
static bool
names_folder(const struct judge *j, enum unit u, const char *setting, const char *prefix,
             const char *path)
{
	char value[VALUE_MAX], full[VALUE_MAX + 16], *rest = value, *word;

	value_of(j, u, setting, 0, value);
	while ((word = strsep(&rest, " "))) {
		size_t len = (size_t)snprintf(full, sizeof(full), "%s%s", prefix, word);

		if (*word && strncmp(path, full, len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

static void
judge_folder(const struct judge *j, enum unit u, const char *setting, const char *prefix,
             const char *dir, const char *sub)
{
	char path[CONF_PATH_MAX + 16];

	if (!sub)
		return;
	snprintf(path, sizeof(path), "%s%s", dir, sub);
	if (!names_folder(j, u, setting, prefix, path) &&
	    !names_folder(j, u, "ReadWritePaths", "", path))
		complain(j,
		         "%s may not write %s: neither %s= nor ReadWritePaths= names it",
		         roles[u].name, path, setting);
}

/* connmgr lets a worker attach that has its own user, or the same as connmgr. */
static bool
has_own_user(enum unit u, const char *user)
{
	return roles[u].user && strcmp(user, roles[u].user) == 0;
}

static void
judge_user(const struct judge *j, enum unit u, enum unit first)
{
	char user[VALUE_MAX], other[VALUE_MAX];

	value_of(j, u, "User", 0, user);
	if (!*user || strcmp(user, "root") == 0)
		complain(j, "%s runs as root: User= is missing", roles[u].name);
	else if (strcmp(user, "nobody") == 0)
		complain(j, "%s runs as nobody, as strangers do: give it a user",
		         roles[u].name);
	else if (!j->machine->is_user(user))
		complain(j,
		         "%s runs as %s, whom this machine does not know: see "
		         "systemd-sysusers",
		         roles[u].name, user);
	value_of(j, first, "User", 0, other);
	if (has_own_user(first, other) ? !has_own_user(u, user)
	                               : strcmp(user, other) != 0)
		complain(
		    j,
		    "%s runs as %s and %s as %s: neither would answer the other; give "
		    "them the users %s and %s",
		    roles[first].name, other, roles[u].name, user, roles[first].user,
		    roles[u].user);
}

static void
judge_file(const struct judge *j, enum unit u)
{
	char value[VALUE_MAX], *found;

	value_of(j, u, "ExecStart", 0, value);
	found = strstr(value, " -c ");
	if (!j->file || !found)
		return;
	found += 4;
	found[strcspn(found, " ;")] = '\0';
	if (strcmp(found, j->file) != 0)
		complain(j, "%s reads %s, not %s", roles[u].name, found, j->file);
}

/* The unit's user has to read the file that the unit names, and sees the groups of others
 * only without a namespace of users. */
static void
judge_access(const struct judge *j, enum unit u)
{
	char user[VALUE_MAX], group[VALUE_MAX], groups[VALUE_MAX];
	const char *why;

	value_of(j, u, "User", 0, user);
	value_of(j, u, "Group", 0, group);
	value_of(j, u, "SupplementaryGroups", 0, groups);
	if (!j->file || !*user || !j->machine->is_user(user))
		return;
	if (*j->conf->control_group && is(j, u, "PrivateUsers", "yes"))
		complain(j,
		         "%s does not see the group %s of control_group: set "
		         "PrivateUsers=no (systemctl edit %s)",
		         roles[u].name, j->conf->control_group, roles[u].name);
	why = j->machine->cannot_read(user, group, groups, j->file);
	if (why)
		complain(j,
		         "%s runs as %s, who cannot read %s: %s; let it be read with "
		         "chmod o+r, its folders with o+x",
		         roles[u].name, user, j->file, why);
}

static void
judge_service(const struct judge *j, enum unit u, enum unit first)
{
	if (!is(j, u, "LoadState", "loaded")) {
		complain(j, "%s is not installed, or wrong: systemctl status %s",
		         roles[u].name, roles[u].name);
		return;
	}
	judge_user(j, u, first);
	judge_file(j, u);
	judge_access(j, u);
	judge_folder(j, u, "RuntimeDirectory", "/run/", j->conf->run_dir, roles[u].run);
	judge_folder(j, u, "StateDirectory", "/var/lib/", j->conf->data_dir,
	             roles[u].data);
}

/* The .socket unit opens the ports that it names, connmgr opens all others. */
static void
judge_ports(const struct judge *j, enum unit connmgr)
{
	const struct conf_server *self = j->conf->self;
	const uint16_t ours[] = {self ? self->quorum_port : 0,
	                         self ? self->election_port : 0};
	bool has_unit = connmgr == CONNMGR && is_in_use(j, PORTS);
	bool opened[2] = {false, false};
	char value[VALUE_MAX];

	for (unsigned i = 0; has_unit && *value_of(j, PORTS, "Listen", i, value); i++) {
		/* `[::]:3888 (Stream)` */
		const char *colon = strrchr(value, ':');
		unsigned port = (unsigned)strtoul(colon ? colon + 1 : value, NULL, 10);

		opened[0] = opened[0] || port == ours[0];
		opened[1] = opened[1] || port == ours[1];
		if (self && port != ours[0] && port != ours[1])
			complain(j,
			         "%s listens at port %u, which connmgr will shut: it "
			         "wants %u and %u",
			         roles[PORTS].name, port, ours[0], ours[1]);
	}
	for (unsigned i = 0; i < 2; i++)
		if (self && ours[i] < 1024 && !opened[i] &&
		    !has_word(j, connmgr, "AmbientCapabilities", "cap_net_bind_service"))
			complain(
			    j,
			    "%s may not open port %u, which is below 1024: a .socket "
			    "unit can, or AmbientCapabilities=CAP_NET_BIND_SERVICE",
			    roles[connmgr].name, ours[i]);
}

static void
judge_target(const struct judge *j)
{
	judge_service(j, CONNMGR, CONNMGR);
	judge_service(j, ELECTOR, CONNMGR);
	judge_service(j, PEER, CONNMGR);
	if (!has_word(j, TARGET, "Wants", "conclave-elector@"))
		complain(j, "conclave.target has no elector: systemctl enable "
		            "conclave-elector@main");
	judge_ports(j, CONNMGR);
}

static void
judge_layouts(const struct judge *j)
{
	bool has_all = is(j, ALL, "LoadState", "loaded");
	bool has_target = is(j, TARGET, "LoadState", "loaded");
	bool uses_all = is_in_use(j, ALL), uses_target = is_in_use(j, TARGET);

	if (!has_all && !has_target) {
		complain(j, "no unit of Conclave is installed, or systemd was not told: "
		            "systemctl daemon-reload");
		return;
	}
	if (is(j, ALL, "UnitFileState", "enabled") &&
	    is(j, TARGET, "UnitFileState", "enabled"))
		complain(j, "conclave.service and conclave.target are both enabled, and "
		            "only one can run: systemctl disable one of them");
	if (has_all && has_target && !has_word(j, ALL, "Conflicts", roles[TARGET].name) &&
	    !has_word(j, TARGET, "Conflicts", roles[ALL].name))
		complain(j, "conclave.service and conclave.target do not end each other: "
		            "Conflicts= is missing");
	/* the layout that is in use; where none is, the one that is installed */
	if (uses_all || (!uses_target && has_all)) {
		judge_service(j, ALL, ALL);
		judge_ports(j, ALL);
	}
	if (uses_target || (!uses_all && has_target && !has_all))
		judge_target(j);
}

json_t *
fit_judge(const char *shown, const struct conf *c, const char *file,
          const struct fit_machine *machine)
{
	struct judge j = {
	    .conf = c, .file = file, .machine = machine, .problems = json_array()};

	for (unsigned u = 0; u < UNITS && shown; u++) {
		j.shown[u] = shown;
		shown = strstr(shown, "\n\n");
		shown = shown ? shown + 2 : NULL;
	}
	judge_layouts(&j);
	return j.problems;
}
