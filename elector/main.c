/* conclave-elector: FastLeaderElection for this server. Everything that it does is in
 * shell.c and in the core. */
#include "elector/shell.h"
#include "proc/serve.h"

static struct shell shell;

static int
open_shell(const struct conf *conf, const char *instance, struct proc *proc)
{
	return shell_open(&shell, conf, instance, proc);
}

static void
close_shell(void)
{
	shell_close(&shell);
}

int
main(int argc, char **argv)
{
	static const struct serve program = {
	    .worker = ROSTER_ELECTOR,
	    .open = open_shell,
	    .close = close_shell,
	};

	serve(argc, argv, &program);
}
