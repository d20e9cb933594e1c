/* The elector's shell: messages of connmgr become events of the core, its actions become
 * messages; one timer. It adds the configuration text to what goes to other servers. */
#ifndef ELECTOR_SHELL_H
#define ELECTOR_SHELL_H

#include "base/histogram.h"
#include "config/conf.h"
#include "elector/elect.h"
#include "ipc/msg.h"
#include "ipc/uplink.h"
#include "proc/proc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct door;

struct shell_remote { /* a configured server other than ourselves */
	int64_t sid;
	bool heard;
	struct vote word; /* its last notification, as it was */
};

struct shell_counters {
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t frames_refused; /* no notification */
	uint64_t elections;      /* looks, each counted once */
	uint64_t rounds;         /* that our votes were in */
	uint64_t decided;
	uint64_t doubts;
	uint64_t newer_configs;
	uint64_t spared; /* answers to strangers, while connmgr takes little */
	uint64_t dropped[ELECT_REASONS];
};

struct shell {
	const struct conf *conf;
	const char *name;
	struct proc *proc;
	sd_event *loop;
	sd_event_source *timer;
	struct uplink *uplink;
	struct door *door;
	bool ready;

	struct elect *elect;
	struct qconfig config;
	char config_text[QCONFIG_TEXT_MAX];
	size_t config_text_len;
	struct elect_actions todo;
	unsigned char frame[NOTIF_HEAD + QCONFIG_TEXT_MAX];

	/* what we said last as the active one, for on_again */
	bool has_state;
	struct msg_state state;
	bool has_decided;
	struct msg_decided decided;

	struct msg_serial look_serial; /* the newest look, */
	uint64_t look_us;              /* when it came; 0: it is answered */
	struct histogram decide;       /* from the one to the other */
	struct elect_view shown;       /* what the log knows */
	unsigned remote_count;
	struct shell_remote remotes[CONF_SERVERS_MAX];
	struct shell_counters counters;
};

/* Makes the core, knocks at connmgr's door, opens ours. Borrowed until shell_close: conf,
 * name, proc. 0 or -errno, having said why. Large: keep `s` static, and
 * so zero-filled. */
int shell_open(struct shell *s, const struct conf *conf, const char *name,
               struct proc *proc);
void shell_close(struct shell *s);

#endif
