/* Vectors of wire/: configuration texts, initial messages, notifications. */
#include "tests/vectors/vectors.h"

#include "base/buf.h"
#include "wire/hello.h"
#include "wire/notif.h"
#include "wire/qaddr.h"
#include "wire/qconfig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct qconfig parsed, parsed_again, own;

static const char *
text_of(const cJSON *row, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(row, key));
}

static int64_t
number_of(const cJSON *row, const char *key)
{
	const char *text = text_of(row, key);

	return text ? strtoll(text, NULL, 10) : 0;
}

static bool
is_true(const cJSON *row, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItem(row, key));
}

static long
vector_hex(const char *hex, unsigned char *out, size_t cap)
{
	size_t len = strlen(hex) / 2;
	unsigned byte;

	if (len > cap || strlen(hex) % 2 != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		out[i] = (unsigned char)byte;
	}
	return (long)len;
}

/* Is `got` what the row says under `key`, or both nothing? */
static bool
same_text(const cJSON *row, const char *key, const char *got, char *why, size_t cap)
{
	const char *want = text_of(row, key);

	if (want && got ? strcmp(want, got) == 0 : want == got)
		return true;
	snprintf(why, cap, "%s: expected %s, got %s", key, want ? want : "null",
	         got ? got : "null");
	return false;
}

static void
put_addr(struct buf_out *b, const struct qconfig_addr *a)
{
	buf_put_text(b, strchr(a->host, ':') ? "[%s]:%u" : "%s:%u", a->host, a->port);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The addresses joined with |, in string order. */
static const char *
join(const struct qconfig_addr *addrs, unsigned count, char *out, size_t cap)
{
	char texts[QCONFIG_ADDRS_MAX][QCONFIG_HOST_MAX + 16];
	struct buf_out b;

	for (unsigned i = 0; i < count; i++) {
		buf_out_init(&b, texts[i], sizeof(texts[i]));
		put_addr(&b, &addrs[i]);
		buf_put_u8(&b, 0);
	}
	qsort(texts, count, sizeof(texts[0]), compare_texts);
	buf_out_init(&b, out, cap);
	for (unsigned i = 0; i < count; i++)
		buf_put_text(&b, "%s%s", i ? "|" : "", texts[i]);
	buf_put_u8(&b, 0);
	return out;
}

static bool
check_server(const cJSON *row, char *why, size_t cap)
{
	const char *text = text_of(row, "text");
	struct qconfig_server s;
	char printed[4096], joined[4096];
	enum qconfig_result r =
	    qconfig_parse_server(1, text, strlen(text), is_true(row, "multi"), &s);

	if (!is_true(row, "accept")) {
		snprintf(why, cap, "%s: expected a refusal", text);
		return r != QCONFIG_OK;
	}
	if (cJSON_IsNull(cJSON_GetObjectItem(row, "canonical")))
		return true; /* Java cannot print it: an accident; ours may refuse */
	if (r != QCONFIG_OK) {
		snprintf(why, cap, "%s: refused: %s", text, qconfig_result_name(r));
		return false;
	}
	if (!qconfig_print_server(&s, printed, sizeof(printed)) ||
	    !same_text(row, "canonical", printed, why, cap) ||
	    !same_text(row, "quorum",
	               join(s.quorum, s.addr_count, joined, sizeof(joined)), why, cap) ||
	    !same_text(row, "election",
	               join(s.election, s.election_count, joined, sizeof(joined)), why,
	               cap))
		return false;
	if (!same_text(row, "client",
	               s.has_client ? join(&s.client, 1, joined, sizeof(joined)) : NULL,
	               why, cap))
		return false;
	snprintf(why, cap, "%s: observer is wrong", text);
	return s.observer == is_true(row, "observer");
}

/* The sids of a role as the row lists them. */
static bool
same_members(const cJSON *row, const char *key, bool observers, char *why, size_t cap)
{
	const cJSON *list = cJSON_GetObjectItem(row, key), *item;
	int count = 0;

	for (unsigned i = 0; i < parsed.server_count; i++)
		count += parsed.servers[i].observer == observers;
	snprintf(why, cap, "%s differ", key);
	if (count != cJSON_GetArraySize(list))
		return false;
	cJSON_ArrayForEach(item, list)
	{
		int64_t sid = strtoll(cJSON_GetStringValue(item), NULL, 10);
		bool found = false;

		for (unsigned i = 0; i < parsed.server_count; i++)
			found |= parsed.servers[i].sid == sid &&
			         parsed.servers[i].observer == observers;
		if (!found)
			return false;
	}
	return true;
}

/* Lines of a text sorted, since the order of insertion is not known. */
static void
sort_lines(const char *text, char *out, size_t cap)
{
	static char lines[512][512];
	unsigned count = 0;
	struct buf_out b;

	while (count < 512) {
		size_t len = strcspn(text, "\n");

		snprintf(lines[count++], sizeof(lines[0]), "%.*s", (int)len, text);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	qsort(lines, count, sizeof(lines[0]), compare_texts);
	buf_out_init(&b, out, cap);
	for (unsigned i = 0; i < count; i++)
		buf_put_text(&b, "%s\n", lines[i]);
	buf_put_u8(&b, 0);
}

static bool
check_config(const cJSON *row, char *why, size_t cap)
{
	static char printed[QCONFIG_TEXT_MAX], got[QCONFIG_TEXT_MAX],
	    want[QCONFIG_TEXT_MAX];
	const char *text = text_of(row, "text");
	enum qconfig_result r = qconfig_parse(text, strlen(text), false, &parsed);

	if (!is_true(row, "accept")) {
		snprintf(why, cap, "%s: expected a refusal", text);
		return r != QCONFIG_OK;
	}
	if (r != QCONFIG_OK) {
		snprintf(why, cap, "%s: refused: %s", text, qconfig_result_name(r));
		return false;
	}
	if (!qconfig_print(&parsed, printed, sizeof(printed))) {
		snprintf(why, cap, "it does not print");
		return false;
	}
	sort_lines(printed, got, sizeof(got));
	sort_lines(text_of(row, "canonical"), want, sizeof(want));
	snprintf(why, cap, "expected %s, got %s", want, got);
	if (strcmp(got, want) != 0)
		return false;
	snprintf(why, cap, "kind, version or equality with itself is wrong");
	if (parsed.hierarchical != is_true(row, "hier") ||
	    parsed.version != number_of(row, "version"))
		return false;
	if (parsed.version >= 0 && (qconfig_parse(printed, strlen(printed), false,
	                                          &parsed_again) != QCONFIG_OK ||
	                            !qconfig_equal(&parsed, &parsed_again)))
		return false;
	return same_members(row, "voters", false, why, cap) &&
	       same_members(row, "observers", true, why, cap);
}

bool
vector_config_text(const cJSON *row, char *why, size_t cap)
{
	if (strcmp(text_of(row, "kind"), "server") == 0)
		return check_server(row, why, cap);
	return check_config(row, why, cap);
}

static bool
same_hello_addr(const cJSON *want, const struct hello_addr *got, char *why, size_t cap)
{
	const char *host = text_of(want, "host"), *ip = text_of(want, "ip");
	char canonical[QCONFIG_HOST_MAX] = "";

	snprintf(why, cap, "expected %s, got %.*s:%u", host, (int)got->host_len,
	         got->host, got->port);
	if (got->port != cJSON_GetObjectItem(want, "port")->valueint)
		return false;
	if (!qaddr_canonical((struct qaddr_text){got->host, got->host_len}, canonical,
	                     sizeof(canonical)))
		return false;
	if (ip && strcmp(canonical, ip) == 0)
		return true;
	return strcmp(canonical, host) == 0 ||
	       (strlen(host) == got->host_len &&
	        memcmp(host, got->host, got->host_len) == 0);
}

bool
vector_initial_message(const cJSON *row, char *why, size_t cap)
{
	static unsigned char bytes[65536];
	static struct hello h;
	const cJSON *list = cJSON_GetObjectItem(row, "addrs");
	struct buf_out b;
	size_t used = 0;
	long len = vector_hex(text_of(row, "hex"), bytes + 8, sizeof(bytes) - 8);
	enum hello_result r;

	buf_out_init(&b, bytes, 8);
	buf_put_i64(&b, number_of(row, "version"));
	r = len < 0 ? HELLO_MORE : hello_decode(bytes, (size_t)len + 8, &h, &used);
	if (!is_true(row, "accept")) {
		/* A version that is none is the bare sid of an old server, which the
		 * caller of Java's parser has seen to. */
		snprintf(why, cap, "expected a refusal");
		return r != HELLO_OK || (h.version == 0 && h.sid >= 0 && used == 8);
	}
	snprintf(why, cap, "refused: %s", hello_result_name(r));
	if (r != HELLO_OK)
		return false;
	snprintf(why, cap, "sid %" PRId64 ", %u addresses", h.sid, h.addr_count);
	if (h.sid != number_of(row, "sid") ||
	    (int)h.addr_count != cJSON_GetArraySize(list))
		return false;
	for (unsigned i = 0; i < h.addr_count; i++)
		if (!same_hello_addr(cJSON_GetArrayItem(list, (int)i), &h.addrs[i], why,
		                     cap))
			return false;
	return true;
}

static bool
check_encode(const cJSON *row, char *why, size_t cap)
{
	static unsigned char want[65536], got[65536];
	long len = vector_hex(text_of(row, "hex"), want, sizeof(want));
	const char *config = text_of(row, "config");
	struct notif n;
	size_t got_len;

	if (strcmp(text_of(row, "form"), "v1") == 0) {
		/* we never send it; it must decode to its fields, with version 0 */
		snprintf(why, cap, "a 40-byte form does not decode to its fields");
		return notif_decode(want, (size_t)len, &n) == NOTIF_OK &&
		       n.version == 0 && n.leader == number_of(row, "leader") &&
		       n.round == number_of(row, "round");
	}
	n = (struct notif){.leader = number_of(row, "leader"),
	                   .zxid = number_of(row, "zxid"),
	                   .round = number_of(row, "round"),
	                   .epoch = number_of(row, "epoch"),
	                   .config = config,
	                   .config_len = strlen(config)};
	while (n.state < NOTIF_OBSERVING &&
	       strcmp(notif_state_name(n.state), text_of(row, "state")) != 0)
		n.state++;
	got_len = notif_encode(&n, got, sizeof(got));
	snprintf(why, cap, "other bytes");
	if (config[0] == '\0')
		return got_len == 0; /* never sent */
	return len > 0 && got_len == (size_t)len && memcmp(got, want, got_len) == 0;
}

static const char *
judge_notification(const struct notif *n, char *version, size_t cap)
{
	enum qconfig_result r;

	version[0] = '\0';
	if (!n->has_config)
		return "accept";
	r = qconfig_parse(n->config, n->config_len, false, &parsed);
	if (r != QCONFIG_OK)
		return "accept";
	snprintf(version, cap, "%" PRId64, parsed.version);
	if (parsed.version > own.version && !qconfig_equal(&parsed, &own))
		return "config_restart";
	return n->state >= NOTIF_LOOKING && n->state <= NOTIF_OBSERVING ? "accept"
	                                                                : "drop";
}

static bool
check_decode(const cJSON *row, char *why, size_t cap)
{
	static const char own_text[] =
	    "server.1=127.0.0.1:2881:3881:participant\n"
	    "server.2=127.0.0.1:2882:3882:participant\n"
	    "server.3=127.0.0.1:2883:3883:participant\nversion=5";
	static unsigned char bytes[1 << 20];
	const char *want = text_of(row, "result"), *got = "drop";
	long len = vector_hex(text_of(row, "hex"), bytes, sizeof(bytes));
	char version[32] = "";
	struct notif n;

	if (qconfig_parse(own_text, strlen(own_text), false, &own) != QCONFIG_OK ||
	    len < 0)
		return false;
	if (notif_decode(bytes, (size_t)len, &n) == NOTIF_OK) {
		got = judge_notification(&n, version, sizeof(version));
		if (strcmp(got, "accept") == 0 &&
		    (n.state < NOTIF_LOOKING || n.state > NOTIF_OBSERVING))
			got = "drop";
	}
	if (strcmp(want, "receiver_dies") == 0)
		return strcmp(got, "config_restart") != 0 && version[0] == '\0';
	snprintf(why, cap, "expected %s, got %s", want, got);
	if (strcmp(got, want) != 0)
		return false;
	if (strcmp(got, "accept") != 0)
		return true;
	if (!same_text(row, "state", notif_state_name(n.state), why, cap) ||
	    !same_text(row, "config_version", version[0] ? version : NULL, why, cap))
		return false;
	snprintf(why, cap, "other fields");
	return n.leader == number_of(row, "leader") && n.zxid == number_of(row, "zxid") &&
	       n.round == number_of(row, "round") && n.epoch == number_of(row, "epoch") &&
	       n.version == cJSON_GetObjectItem(row, "ver")->valueint;
}

bool
vector_notification(const cJSON *row, char *why, size_t cap)
{
	if (strcmp(text_of(row, "kind"), "encode") == 0)
		return check_encode(row, why, cap);
	return check_decode(row, why, cap);
}
