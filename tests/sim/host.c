/* In the place of proc/proc.h, the clock, the log and the process id. Nobody is notified;
 * with --trace the log is the trace. */
#include "base/clock.h"
#include "base/exit.h"
#include "base/file.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A host's clock begins with its boot, and has a rate of its own. */
uint64_t
sim_clock_us(unsigned server)
{
	const struct sim_server *s = &sim.servers[server];
	int64_t us = (int64_t)(sim.now_us - s->booted_us);

	return (uint64_t)(us + us * s->drift_ppm / 1000000);
}

uint64_t
sim_when_us(unsigned server, uint64_t clock_us)
{
	const struct sim_server *s = &sim.servers[server];
	uint64_t rate = (uint64_t)(1000000 + s->drift_ppm);

	if (clock_us == UINT64_MAX)
		return clock_us;
	if (rate != 1000000) /* rounded up, twice */
		clock_us =
		    clock_us / rate * 1000000 + clock_us % rate * 1000000 / rate + 2;
	return s->booted_us + clock_us;
}

uint64_t
clock_us(void)
{
	return sim_clock_us(sim.running->server);
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

void
clock_rates(uint64_t *boot_ns, uint64_t *raw_ns)
{
	*boot_ns = clock_us() * 1000;
	*raw_ns = *boot_ns;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (!sim.trace || level > LOG_LEVEL_DEBUG)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	sim_say("%u %-7s %s", sim.running->server + 1, sim_proc_name(sim.running), line);
}

pid_t
getpid(void)
{
	return sim.running->pid;
}

sd_event *
proc_loop(struct proc *p)
{
	return &p->loop;
}

void
proc_ready(struct proc *p, const char *status, unsigned long long generation, bool active)
{
	(void)p;
	(void)status;
	(void)generation;
	(void)active;
}

void
proc_say(struct proc *p, const char *status)
{
	(void)p;
	(void)status;
}

void
proc_extend(struct proc *p, uint64_t ms)
{
	(void)p;
	(void)ms;
}

void
proc_exit(struct proc *p, int status)
{
	p->exits = true;
	if (status == EXIT_RETIRED) /* nobody starts it again */
		p->wanted = false;
}

int
file_make_dir(const char *path)
{
	(void)path;
	return 0;
}

/* Of the keys for TLS, which no server here has. */
int
file_read(const char *path, char *out, size_t cap, size_t *len)
{
	(void)path;
	(void)out;
	(void)cap;
	(void)len;
	return -ENOENT;
}

const char *
file_strerror(int error)
{
	return strerror(-error);
}

/* Only the peer locks a folder. A killed one holds it until its write has ended. */
int
file_lock(const char *path)
{
	(void)path;
	return sim.now_us < sim.servers[sim.running->server].disk.free_us ? -EWOULDBLOCK
	                                                                  : 0;
}
