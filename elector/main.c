/* conclave-elector: FastLeaderElection for this server. Everything that it does is in
 * shell.c and in the core. */
#include "elector/shell.h"
#include "proc/serve.h"

static struct elector elector;

static int
open_elector(const struct conf *conf, const char *instance, struct proc *proc)
{
	return elector_open(&elector, conf, instance, proc);
}

static void
close_elector(void)
{
	elector_close(&elector);
}

int
main(int argc, char **argv)
{
	static const struct serve program = {
	    .worker = ROSTER_ELECTOR,
	    .open = open_elector,
	    .close = close_elector,
	};

	serve(argc, argv, &program);
}
