/* conclave-peer: this server's role and its epochs. */
#include "peer/shell.h"
#include "proc/serve.h"

static struct peer peer;

static int
open_peer(const struct conf *conf, const char *instance, struct proc *proc)
{
	return peer_open(&peer, conf, instance, proc);
}

static void
close_peer(void)
{
	peer_close(&peer);
}

int
main(int argc, char **argv)
{
	static const struct serve program = {
	    .worker = ROSTER_PEER,
	    .open = open_peer,
	    .close = close_peer,
	};

	serve(argc, argv, &program);
}
