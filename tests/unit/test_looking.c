/* peer/looking: a sentence for every way in which a server comes to look for a leader. */
#include "peer/looking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SELF 1

static const struct {
	struct role_view view;
	const char *text;
} cases[] = {
    {{.look = MSG_LOOK_START}, "no server has been elected since the start"},
    {{.phase = ROLE_DISCOVERY, .has_tried = true, .tried = SELF},
     "this server is elected; no quorum has promised it an epoch yet"},
    {{.phase = ROLE_SYNCHRONIZATION, .has_tried = true, .tried = SELF},
     "this server is elected; its quorum has not acknowledged the epoch yet"},
    {{.phase = ROLE_DISCOVERY,
      .has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_REFUSED},
     "server 3 is elected, and not yet established"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_QUORUM},
     "this server led, and lost its quorum"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_TIMEOUT},
     "this server was elected, but its quorum did not answer in time"},
    {{.has_tried = true,
      .tried = SELF,
      .look = MSG_LOOK_TIMEOUT,
      .deserted = 1,
      .demoted = true},
     "this server was elected, but no quorum came to it, so it lets others lead for now"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_QUORUM, .deserted = 3},
     "this server was elected 3 times, but no quorum came to it"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_DISK, .deserted = 3},
     "this server was elected, but its disk did not take the epoch"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_EPOCH},
     "this server was elected, but another one has newer data"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_DISK},
     "this server was elected, but its disk did not take the epoch"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_RELEASED},
     "this server led, and has stepped down"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_RELEASED, .link = MSG_REASON_EOF},
     "the leader, server 3, has stepped down"},
    {{.has_tried = true, .tried = SELF, .look = MSG_LOOK_REFUSED},
     "this server was elected, and may not lead"},
    {{.has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_REFUSED},
     "the quorum port of server 3 refused; that server had been elected"},
    {{.has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_TIMEOUT},
     "the quorum port of server 3 does not answer; that server had been elected"},
    {{.has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_UNREACHABLE},
     "the quorum port of server 3 is unreachable; that server had been elected"},
    {{.has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_RESOLVE},
     "the quorum port of server 3 cannot be dialled, its host name has no address; that "
     "server had been elected"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_REFUSED, .link = MSG_REASON_LOCAL},
     "the quorum port of server 3 cannot be dialled, an error of this host; that server "
     "had been elected"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_REFUSED, .link = MSG_REASON_TLS},
     "the quorum port of server 3 refused the TLS handshake; that server had been "
     "elected"},
    {{.has_tried = true,
      .tried = 3,
      .look = MSG_LOOK_REFUSED,
      .link = MSG_REASON_IDENTITY},
     "the quorum port of server 3 is answered by another server, as its TLS identity "
     "says; that server had been elected"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_REFUSED, .link = MSG_REASON_EOF},
     "server 3 was elected, but turned this server away"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_REFUSED},
     "server 3 was elected, but cannot lead this server"},
    {{.has_tried = true, .tried = 0, .look = MSG_LOOK_TIMEOUT},
     "server 0 was elected, but did not lead in time"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_EPOCH},
     "server 3 was elected, but this server has newer data"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_DOUBT},
     "server 3 was elected, but looks for a leader itself"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_DISK},
     "server 3 was elected, but the disk of this server did not take its epoch"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_START},
     "server 3 was elected, and does not lead any more"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_LEADER},
     "the leader, server 3, fell silent"},
    {{.has_tried = true, .tried = 3, .look = MSG_LOOK_LEADER, .link = MSG_REASON_EOF},
     "the leader, server 3, closed its link"},
};

static void
each_has_its_sentence(void **state)
{
	char text[LOOKING_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
		    looking_text(&cases[i].view, SELF, text, sizeof(text)),
		    cases[i].text);
}

/* Whatever a view holds, the sentence is there and fits. */
static void
never_empty_and_never_cut(void **state)
{
	char text[LOOKING_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < 4 * 2 * MSG_LOOK_REASONS * MSG_REASONS; i++) {
		struct role_view v = {.phase = (enum role_phase)(i % 4),
		                      .has_tried = i / 4 % 2,
		                      .tried = INT64_MIN};

		v.look = (enum msg_look_reason)(i / 8 % MSG_LOOK_REASONS);
		v.link = (enum msg_reason)(i / 8 / MSG_LOOK_REASONS);
		looking_text(&v, SELF, text, sizeof(text));
		assert_in_range(strlen(text), 20, sizeof(text) - 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_has_its_sentence),
	    cmocka_unit_test(never_empty_and_never_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
