/* conclave-connmgr: owns every TCP link of this server; design.md, section 5. */
#include "connmgr/nss.h"
#include "connmgr/ports.h"
#include "connmgr/switchboard.h"
#include "proc/serve.h"

static struct switchboard *board;

static int
open_board(const struct conf *conf, const char *instance, struct proc *proc)
{
	int r;

	ports_open(conf);
	r = switchboard_open(&board, proc_loop(proc), conf, instance);
	if (r == 0)
		proc_ready(proc, "the door is open", 0, true);
	return r;
}

static void
close_board(void)
{
	switchboard_close(board);
}

int
main(int argc, char **argv)
{
	static const struct serve program = {
	    .worker = ROSTER_CONNMGR,
	    .open = open_board,
	    .close = close_board,
	};

	nss_load(NSS_FILE);
	serve(argc, argv, &program);
}
