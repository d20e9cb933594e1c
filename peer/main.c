/* conclave-peer: this server's role and its epochs. */
#include "peer/shell.h"
#include "proc/serve.h"

int
main(int argc, char **argv)
{
	static struct peer peer; /* large */
	static const struct serve program = {
	    .worker = ROSTER_PEER,
	    .self = &peer,
	    .open = peer_open,
	    .reloaded = peer_reloaded,
	    .stop = peer_stop,
	    .close = peer_close,
	};

	serve(argc, argv, &program);
}
