/* connmgr/resolve: which modules of the name service switch are loaded. */
#include "connmgr/resolve.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MODULE "libnss_hesiod.so.2" /* libc's, and nothing of ours wants it */

static void
load(const char *text)
{
	char path[] = "/tmp/conclave-nss.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s", text) > 0);
	close(fd);
	resolve_preload(path);
	unlink(path);
}

static bool
is_loaded(void)
{
	void *module = dlopen(MODULE, RTLD_NOW | RTLD_NOLOAD);

	if (module)
		dlclose(module);
	return module != NULL;
}

static void
what_hosts_names(void **state)
{
	(void)state;
	resolve_preload("/nonexistent");
	load("passwd: hesiod\nhosts: files [hesiod=x] [ a hesiod ] dns # hesiod\n");
	assert_false(is_loaded());
	load("hosts: [ unended hesiod\n");
	assert_false(is_loaded());
	load("# hosts\n hosts:\tfiles no_such_module [NOTFOUND=return]hesiod [!x=y] dns");
	assert_true(is_loaded());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_hosts_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
