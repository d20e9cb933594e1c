/* conclave import. */
#include "base/buf.h"
#include "base/file.h"
#include "base/plain.h"
#include "config/conf_error.h"
#include "config/zoo.h"
#include "ctl/verb.h"
#include "wire/qaddr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX    (1 << 20)
#define RESULT_MAX  (4 * CONF_PRINT_MAX)
#define MYID_MAX    64
#define BLANKS      " \t\r\n"
#define BODY_SERVER 6 /* lines that conf_print writes before the first server */

struct import {
	const char *file;
	/* --id */
	const char *id_text;
	/* --myid, or the one in dataDir */
	const char *myid_file;
	char myid_path[CONF_PATH_MAX + 8];
	int64_t id;
	struct zoo zoo;
	struct conf conf;
	struct conf checked;
	/* of comment before the configuration itself */
	unsigned head_lines;
	char text[FILE_MAX + 1];
	char result[RESULT_MAX];
	struct conf_error error;
};

static int
read_file(struct import *m, const char *file, bool dynamic)
{
	struct conf_place at = dynamic ? m->zoo.dynamic_at : (struct conf_place){file, 0};
	size_t len;
	int r = file_read(file, m->text, sizeof(m->text), &len);

	if (r < 0)
		return conf_fail(&m->error, at, "%s%scannot be read: %s",
		                 dynamic ? m->zoo.dynamic_file : "",
		                 dynamic ? ", which dynamicConfigFile names, " : "",
		                 file_strerror(r));
	return zoo_read(&m->zoo, file, m->text, len, dynamic, &m->error);
}

static bool
parse_id(struct import *m, const char *at, size_t len)
{
	return qaddr_number((struct qaddr_text){at, len}, 10, 0, CONF_ID_MAX, &m->id);
}

/* Reads the number in a myid file; blanks around it are allowed. */
static int
read_myid(const struct ctl *c, struct import *m)
{
	char text[MYID_MAX + 1];
	const char *at;
	size_t len;
	int r = file_read(m->myid_file, text, sizeof(text), &len);

	if (r < 0)
		return verb_misused(
		    c, "which server is the configuration for? %s cannot be read: %s",
		    m->myid_file, file_strerror(r));
	at = text + strspn(text, BLANKS);
	len = strcspn(at, BLANKS);
	if (at[len + strspn(at + len, BLANKS)] || !parse_id(m, at, len))
		return verb_misused(c, "%s does not hold a server's id", m->myid_file);
	return 0;
}

/* 0, or the exit status. */
static int
find_id(const struct ctl *c, struct import *m)
{
	if (m->id_text && !parse_id(m, m->id_text, strlen(m->id_text)))
		return verb_misused(c, "`%s` is no server's id", m->id_text);
	if (m->id_text)
		return 0;
	if (!m->myid_file && !m->zoo.data_dir[0])
		return verb_misused(c, "which server is the configuration for? The file "
		                       "has no dataDir: write --id or --myid");
	if (!m->myid_file) {
		snprintf(m->myid_path, sizeof(m->myid_path), "%s/myid", m->zoo.data_dir);
		m->myid_file = m->myid_path;
	}
	return read_myid(c, m);
}

/* Writes a line of comment; control bytes in the words become `?`. */
__attribute__((format(printf, 3, 4))) static void
comment(struct import *m, struct buf_out *b, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	plain_make(line);
	buf_put_text(b, "#%s%s\n", line[0] ? " " : "", line);
	m->head_lines++;
}

static int
print_result(struct import *m)
{
	struct buf_out b;

	buf_out_init(&b, m->result, sizeof(m->result));
	comment(m, &b, "Made from %s by conclave import, for server %" PRId64 "%s%s.",
	        m->file, m->id, m->id_text ? "" : ", named by ",
	        m->id_text ? "" : m->myid_file);
	if (m->zoo.dynamic_file[0])
		comment(m, &b, "The servers are those of %s.", m->zoo.dynamic_file);
	comment(m, &b,
	        "The times are ZooKeeper's%s. Conclave's own, tick_ms = 50, "
	        "init_limit = 40 and",
	        m->zoo.tick.at.file ? "" : ", tickTime by default");
	comment(m, &b, "sync_limit = 6, notice sooner that a leader is silent.");
	if (m->zoo.note_count > 0) {
		comment(m, &b, "%s", "");
		comment(m, &b, "What has no meaning here:");
	}
	for (unsigned i = 0; i < m->zoo.note_count; i++) {
		const struct zoo_note *n = &m->zoo.notes[i];

		comment(m, &b, "  %s:%u: %s: %s", n->at.file, n->at.line, n->key, n->why);
	}
	if (b.bad ||
	    conf_print(&m->conf, true, m->result + b.len, sizeof(m->result) - b.len) == 0)
		return -EMSGSIZE;
	return 0;
}

/* Reads the result as a configuration, since Conclave demands more than ZooKeeper. Where
 * a server is refused, the error names the line of the file that it comes from. */
static int
check_result(struct import *m)
{
	struct conf_place at = {m->file, 0};
	struct conf_error refused;
	char path[64];
	size_t len = strlen(m->result), path_len;
	int fd = memfd_create("conclave.conf", MFD_CLOEXEC);
	int r = -EIO;
	unsigned line, server;

	if (fd >= 0 && write(fd, m->result, len) == (ssize_t)len) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		r = conf_load(path, &m->checked, &refused);
	}
	if (fd >= 0)
		close(fd);
	if (r <= 0)
		return r;
	path_len = strlen(path);
	if (sscanf(refused.text + path_len, ":%u:", &line) != 1)
		return conf_fail(&m->error, at, "Conclave refuses it%s",
		                 refused.text + path_len);
	server = line - m->head_lines - BODY_SERVER - 1;
	if (server < m->zoo.server_count)
		at = m->zoo.server_at[server];
	return conf_fail(&m->error, at, "Conclave refuses it:%s",
	                 strchr(refused.text + path_len + 1, ':') + 1);
}

/* 0; 1, and `error` says why; or another exit status, whose reason was printed. */
static int
import(const struct ctl *c, struct import *m)
{
	int r;

	if (m->id_text && m->myid_file)
		return verb_misused(c, "write --id or --myid, not both");
	if (!m->file)
		return verb_misused(c, "the file is missing");
	r = read_file(m, m->file, false);
	if (r == 0 && m->zoo.dynamic_file[0])
		r = read_file(m, m->zoo.dynamic_file, true);
	if (r == 0)
		r = find_id(c, m);
	if (r == 0)
		r = zoo_make(&m->zoo, m->file, m->id, &m->conf, &m->error);
	if (r == 0)
		r = print_result(m);
	if (r == 0)
		r = check_result(m);
	return r;
}

int
verb_import(const struct ctl *c)
{
	static struct import m;
	int r;

	m.file = c->argc > 0 ? c->argv[0] : NULL;
	m.id_text = verb_option(c, "id");
	m.myid_file = verb_option(c, "myid");
	r = import(c, &m);
	if (r == 0)
		return verb_file_done(c, m.file, EXIT_OK, "configuration", m.result);
	if (r == 1)
		return verb_file_done(c, m.file, EXIT_CONFIG, "error", m.error.text);
	return r > 0 ? r : verb_failed(c, EXIT_FAILED, "import: %s", file_strerror(r));
}
