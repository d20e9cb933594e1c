/* See hold.h. */
#include "peer/hold.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "ipc/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define TIMER_ACCURACY_US 1
#define KILL_AGAIN_US     100000
#define TELL_AGAIN_US     100000
#define STOP_MAX          128

static const char lost[] = "lost";
static const char no_cgroup[] =
    "the descriptor is not that of a cgroup.kill (cgroup v2) that is open for writing";

struct hold {
	/* NULL: it has broken */
	struct door_conn *conn;
	uint64_t id;
	char name[HOLD_NAME_MAX + 1];
	pid_t pid;
	uint64_t since_us;
	/* of cgroup.kill; PASS_NONE */
	int kills[HOLD_KILLS];
	/* The reason for which it was asked to let go; NULL: it was not. */
	const char *asked;
	/* Its connection has taken that word. */
	bool told;
	/* It was killed at the end of a lease; its log says so once. */
	bool killed;
};

struct holds {
	/* at the end that was published last, and then every KILL_AGAIN_US */
	sd_event_source *timer;
	/* for those that were not told, since they did not read */
	sd_event_source *again;
	struct role_page page;
	/* Why nobody may hold; NULL: all may. */
	const char *refused;
	bool broken;
	uint64_t ids;
	unsigned count;
	struct hold list[HOLD_MAX];
};

static struct hold *
find(struct holds *h, const struct door_conn *c)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->list[i].conn == c)
			return &h->list[i];
	return NULL;
}

static unsigned
count_kills(const struct hold *one)
{
	unsigned count = 0;

	for (unsigned i = 0; i < HOLD_KILLS; i++)
		count += one->kills[i] != PASS_NONE;
	return count;
}

static void
drop(struct holds *h, struct hold *one)
{
	for (unsigned i = 0; i < HOLD_KILLS; i++)
		if (one->kills[i] != PASS_NONE)
			close(one->kills[i]);
	*one = h->list[--h->count];
}

/* Could its holder rely on the end that was published last? One that came later relies on
 * an end that is still to be published. */
static bool
relies(const struct holds *h, const struct hold *one)
{
	return one->since_us < h->page.end_ms * 1000;
}

/* One that does not read is not closed, since its hold would break: it is told when it
 * reads. */
static void
tell(struct holds *h, struct hold *one)
{
	char text[STOP_MAX];
	int len = snprintf(text, sizeof(text), "{\"stop\":\"%s\",\"grace\":%s}",
	                   one->asked, one->asked == lost ? "false" : "true");

	one->told = door_send(one->conn, text, (size_t)len) == 0;
	if (one->told)
		return;
	sd_event_source_set_time_relative(h->again, TELL_AGAIN_US);
	sd_event_source_set_enabled(h->again, SD_EVENT_ONESHOT);
}

static void
say_stop(struct holds *h, struct hold *one, const char *reason)
{
	if (one->asked == reason)
		return;
	one->asked = reason;
	tell(h, one);
}

static int
on_again(sd_event_source *source, uint64_t usec, void *user)
{
	struct holds *h = user;

	(void)source;
	(void)usec;
	for (unsigned i = 0; i < h->count; i++) {
		struct hold *one = &h->list[i];

		if (one->conn && one->asked && !one->told)
			tell(h, one);
	}
	return 0;
}

static void
kill_command(struct hold *one)
{
	bool killed = false;
	int r = 0;

	for (unsigned i = 0; i < HOLD_KILLS; i++) {
		if (one->kills[i] == PASS_NONE)
			continue;
		if (write(one->kills[i], "1", 1) == 1)
			killed = true;
		else if (errno != ENODEV) /* it has gone, and all in it */
			r = -errno;
	}
	if (one->killed)
		return;
	one->killed = true;
	if (killed)
		log_notice("the lease is over and hold %" PRIu64 " (%s) has not let go: "
		           "what is in its cgroup was killed",
		           one->id, one->name);
	if (r < 0)
		log_err("the lease is over and hold %" PRIu64 " (%s) has not let go, and "
		        "its cgroup cannot be killed: %s; stop process %d and what it "
		        "has started",
		        one->id, one->name, strerror(-r), (int)one->pid);
}

static void
arm(struct holds *h, uint64_t due_us)
{
	sd_event_source_set_time(h->timer, due_us);
	sd_event_source_set_enabled(h->timer, h->count > 0 && h->page.end_ms > 0
	                                          ? SD_EVENT_ONESHOT
	                                          : SD_EVENT_OFF);
}

/* From the end: dropping one moves the last one, which was looked at, to its place. True:
 * some live on that were killed, and may start something again. */
static bool
end_holds(struct holds *h)
{
	bool again = false;

	for (unsigned i = h->count; i-- > 0;) {
		struct hold *one = &h->list[i];

		if (!relies(h, one))
			continue;
		if (count_kills(one) > 0)
			kill_command(one);
		if (one->conn)
			say_stop(h, one, lost);
		again |= one->conn && count_kills(one) > 0;
		if (!one->conn)
			drop(h, one);
	}
	return again;
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct holds *h = user;
	uint64_t now_us = clock_us(), end_us = h->page.end_ms * 1000;

	(void)source;
	(void)usec;
	if (now_us < end_us)
		arm(h, end_us);
	else if (end_holds(h))
		arm(h, now_us + KILL_AGAIN_US);
	return 0;
}

int
holds_new(struct holds **out, sd_event *loop)
{
	struct holds *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	r = sd_event_add_time(loop, &h->timer, CLOCK_BOOTTIME, UINT64_MAX,
	                      TIMER_ACCURACY_US, on_timer, h);
	if (r >= 0)
		r = sd_event_add_time(loop, &h->again, CLOCK_BOOTTIME, UINT64_MAX, 0,
		                      on_again, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->again, SD_EVENT_OFF);
	if (r < 0) {
		holds_free(h);
		return r;
	}
	*out = h;
	return 0;
}

void
holds_free(struct holds *h)
{
	if (!h)
		return;
	while (h->count > 0)
		drop(h, &h->list[0]);
	sd_event_source_disable_unref(h->timer);
	sd_event_source_disable_unref(h->again);
	free(h);
}

/* The peer writes to it later, when its holder has perhaps more rights than that holder:
 * it must be what its holder could write to as well, and never make us wait. */
static bool
is_cgroup_file(int fd)
{
	struct statfs fs;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == CGROUP2_SUPER_MAGIC;
}

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return len <= HOLD_NAME_MAX;
}

const char *
holds_refused(const struct holds *h)
{
	if (h->refused)
		return h->refused;
	return h->count == HOLD_MAX ? "32 hold already; end one of them" : NULL;
}

/* Why `c` may not hold; NULL: it may. */
static const char *
refuse(struct holds *h, struct door_conn *c, const char *name, int kill_fd)
{
	if (find(h, c))
		return "this connection holds already";
	if (!is_name(name))
		return "the name of a hold has at most 64 printable characters";
	if (kill_fd != PASS_NONE && !is_cgroup_file(kill_fd))
		return no_cgroup;
	return holds_refused(h);
}

const char *
holds_add(struct holds *h, struct door_conn *c, const char *name, uint64_t *id)
{
	int kill_fd = door_take_passed(c);
	const char *why = refuse(h, c, name, kill_fd);
	struct hold *one = &h->list[h->count];

	if (why) {
		if (kill_fd != PASS_NONE)
			close(kill_fd);
		return why;
	}
	*one = (struct hold){
	    .conn = c, .id = ++h->ids, .pid = door_conn_pid(c), .since_us = clock_us()};
	for (unsigned i = 0; i < HOLD_KILLS; i++)
		one->kills[i] = i == 0 ? kill_fd : PASS_NONE;
	snprintf(one->name, sizeof(one->name), "%s", name);
	*id = one->id;
	h->count++;
	door_conn_keep(c, true);
	arm(h, h->page.end_ms * 1000);
	log_limited(LOG_LEVEL_INFO, "hold %" PRIu64 " (%s) of process %d", one->id,
	            one->name, (int)one->pid);
	return NULL;
}

const char *
holds_kills(struct holds *h, struct door_conn *c, unsigned number)
{
	struct hold *one = find(h, c);
	int kill_fd = door_take_passed(c);
	const char *why = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < h->count; i++)
		count += count_kills(&h->list[i]);
	if (!one)
		why = "this connection does not hold";
	else if (number == 0 || number >= HOLD_KILLS)
		why = "the number is from 1 to 32";
	else if (kill_fd == PASS_NONE || !is_cgroup_file(kill_fd))
		why = no_cgroup;
	else if (count == HOLD_KILLS_ALL && one->kills[number] == PASS_NONE)
		why = "there are 128 descriptors already; let go of some";
	if (why) {
		if (kill_fd != PASS_NONE)
			close(kill_fd);
		return why;
	}
	if (one->kills[number] != PASS_NONE)
		close(one->kills[number]);
	one->kills[number] = kill_fd;
	one->killed = false;
	arm(h, h->page.end_ms * 1000);
	return NULL;
}

const char *
holds_let_go(struct holds *h, struct door_conn *c)
{
	struct hold *one = find(h, c);

	if (!one)
		return "this connection does not hold";
	log_limited(LOG_LEVEL_INFO, "hold %" PRIu64 " (%s) has let go", one->id,
	            one->name);
	drop(h, one);
	return NULL;
}

bool
holds_gone(struct holds *h, struct door_conn *c)
{
	struct hold *one = find(h, c);

	if (!one)
		return false;
	log_limited(LOG_LEVEL_WARNING,
	            "hold %" PRIu64 " (%s) has ended without a word: its lease is waited "
	            "for before leadership is handed over",
	            one->id, one->name);
	one->conn = NULL;
	if (count_kills(one) == 0 || !relies(h, one))
		drop(h, one);
	arm(h, h->page.end_ms * 1000);
	h->broken = true;
	return true;
}

bool
holds_has(struct holds *h, const struct door_conn *c)
{
	return find(h, c) != NULL;
}

unsigned
holds_count(const struct holds *h)
{
	unsigned count = 0;

	for (unsigned i = 0; i < h->count; i++)
		count += h->list[i].conn != NULL;
	return count;
}

const char *
holds_oldest(const struct holds *h, char out[HOLD_TEXT_MAX])
{
	const struct hold *oldest = NULL;

	for (unsigned i = 0; i < h->count; i++)
		if (h->list[i].conn && (!oldest || h->list[i].id < oldest->id))
			oldest = &h->list[i];
	*out = '\0';
	if (oldest)
		snprintf(out, HOLD_TEXT_MAX, "hold %" PRIu64 " (%s) of process %d",
		         oldest->id, oldest->name, (int)oldest->pid);
	return out;
}

bool
holds_take_broken(struct holds *h)
{
	bool broken = h->broken;

	h->broken = false;
	return broken;
}

void
holds_ask(struct holds *h, const char *reason)
{
	h->refused = "this server hands its leadership over; ask again";
	for (unsigned i = 0; i < h->count; i++)
		if (h->list[i].conn)
			say_stop(h, &h->list[i], reason);
}

unsigned
holds_break(struct holds *h)
{
	struct door_conn *list[HOLD_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < h->count; i++) {
		if (!h->list[i].conn)
			continue;
		list[count++] = h->list[i].conn;
		say_stop(h, &h->list[i], lost);
	}
	for (unsigned i = 0; i < count; i++)
		door_conn_close(list[i]); /* its owner calls holds_gone */
	return count;
}

void
holds_allow(struct holds *h)
{
	h->refused = NULL;
	for (unsigned i = 0; i < h->count; i++)
		h->list[i].asked = NULL;
}

void
holds_lose(struct holds *h)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->list[i].conn && relies(h, &h->list[i]))
			say_stop(h, &h->list[i], lost);
}

void
holds_see(struct holds *h, const struct role_page *page)
{
	uint64_t now_us = clock_us();
	bool has_lease = page->end_ms * 1000 > now_us;

	if (page->end_ms == 0 || h->page.end_ms * 1000 <= now_us)
		(void)end_holds(h);
	h->page = *page;
	for (unsigned i = 0; i < h->count && has_lease; i++) {
		h->list[i].killed = false;
		if (h->list[i].asked == lost)
			h->list[i].asked = NULL;
	}
	arm(h, page->end_ms * 1000);
}

void
holds_put(const struct holds *h, struct buf_out *out, const char *key)
{
	json_put_key(out, key);
	buf_put_text(out, "[");
	for (unsigned i = 0; i < h->count; i++) {
		const struct hold *one = &h->list[i];

		json_put_next(out);
		buf_put_text(out, "{");
		json_put_u64(out, "id", one->id);
		json_put_text(out, "name", one->name);
		json_put_u64(out, "pid", (uint64_t)one->pid);
		json_put_u64(out, "since_us", one->since_us);
		json_put_bool(out, "kills", count_kills(one) > 0);
		json_put_bool(out, "broken", !one->conn);
		json_put_text(out, "asked", one->asked ? one->asked : "");
		buf_put_text(out, "}");
	}
	buf_put_text(out, "]");
}
