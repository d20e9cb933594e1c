/* conclave-elector: FastLeaderElection for this server. Everything that it does is in
 * shell.c and in the core. */
#include "elector/shell.h"
#include "proc/serve.h"

int
main(int argc, char **argv)
{
	static struct elector elector; /* large */
	static const struct serve program = {
	    .worker = ROSTER_ELECTOR,
	    .self = &elector,
	    .open = elector_open,
	    .close = elector_close,
	};

	serve(argc, argv, &program);
}
