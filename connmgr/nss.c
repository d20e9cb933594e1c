/* See nss.h and nsswitch.conf(5): `hosts: files mdns4_minimal [NOTFOUND=return] dns`. */
#include "connmgr/nss.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE   "hosts:"
#define BLANKS     " \t\n"
#define MODULE_MAX 128
#define UNWINDER   "libgcc_s.so.1"

/* They are part of glibc since 2.34, though their files are still there. */
static bool
is_built_in(const char *module)
{
	return strcmp(module, "files") == 0 || strcmp(module, "dns") == 0;
}

/* The actions in brackets are not modules. */
static void
blank_brackets(char *text)
{
	for (char *at = strchr(text, '['); at; at = strchr(at, '[')) {
		size_t len = strcspn(at, "]");

		memset(at, ' ', at[len] ? len + 1 : len);
	}
}

static void
load_each(char *text)
{
	char module[MODULE_MAX];

	text[strcspn(text, "#")] = '\0';
	blank_brackets(text);
	for (char *word; (word = strsep(&text, BLANKS));) {
		int n = snprintf(module, sizeof(module), "libnss_%s.so.2", word);

		if (*word && !is_built_in(word) && !strchr(word, '/') && n > 0 &&
		    (size_t)n < sizeof(module))
			(void)dlopen(module, RTLD_NOW); /* and never closed */
	}
}

void
nss_load(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	/* glibc's look-ups end their threads by pthread_exit, which aborts without it. */
	(void)dlopen(UNWINDER, RTLD_NOW);
	while (f && getline(&line, &cap, f) >= 0) {
		char *text = line + strspn(line, BLANKS);

		if (strncmp(text, DATABASE, strlen(DATABASE)) == 0)
			load_each(text + strlen(DATABASE));
	}
	free(line);
	if (f)
		fclose(f);
}
