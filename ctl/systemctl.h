/* What is asked of systemd about the instances of conclave-elector@.service. */
#ifndef CTL_SYSTEMCTL_H
#define CTL_SYSTEMCTL_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEMCTL_TEXT_MAX 4096

/* systemctl VERB conclave-elector@NAME.service: its exit status, or -errno. */
int systemctl(const char *verb, const char *name);
/* The value of a property, without the line's end. 0, or what is not 0: "" then. */
int systemctl_show(const char *name, const char *property, char *out, size_t cap);
/* The program of its ExecStart. */
int systemctl_program(const char *name, char *out, size_t cap);
/* How often systemd has restarted it; -1: it does not run. */
long systemctl_restarts(const char *name);

#endif
