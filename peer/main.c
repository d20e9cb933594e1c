/* conclave-peer: this server's role and its epochs. Everything that it does is in
 * keeper.c and in the core. */
#include "peer/keeper.h"
#include "proc/serve.h"

static struct keeper keeper;

static int
open_keeper(const struct conf *conf, const char *instance, struct proc *proc)
{
	return keeper_open(&keeper, conf, instance, proc);
}

static void
close_keeper(void)
{
	keeper_close(&keeper);
}

int
main(int argc, char **argv)
{
	static const struct serve program = {
	    .worker = ROSTER_PEER,
	    .open = open_keeper,
	    .close = close_keeper,
	};

	serve(argc, argv, &program);
}
