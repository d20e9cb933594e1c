/* conclave-connmgr: owns every TCP link of this server; see docs/DESIGN.md, "connmgr". */
#include "connmgr/ports.h"
#include "connmgr/resolve.h"
#include "connmgr/shell.h"
#include "proc/serve.h"

static int
open_connmgr(void *self, const struct conf *conf, const char *instance, struct proc *proc)
{
	struct connmgr **connmgr = self;
	int r;

	ports_open(conf);
	r = connmgr_open(connmgr, proc_loop(proc), conf, instance);
	if (r == 0)
		proc_ready(proc, "the door is open", 0, true);
	return r;
}

/* Whatever the file says, the keys may be new. */
static void
reload_connmgr(void *self, const struct conf *file, const char *why)
{
	struct connmgr **connmgr = self;

	(void)file;
	(void)why;
	connmgr_reload(*connmgr);
}

static void
close_connmgr(void *self)
{
	struct connmgr **connmgr = self;

	connmgr_close(*connmgr);
}

int
main(int argc, char **argv)
{
	static struct connmgr *connmgr;
	static const struct serve program = {
	    .worker = ROSTER_CONNMGR,
	    .self = &connmgr,
	    .open = open_connmgr,
	    .reloaded = reload_connmgr,
	    .close = close_connmgr,
	};

	resolve_preload(NSS_FILE);
	serve(argc, argv, &program);
}
