/* Memberships for the tests of their texts and packets. */
#ifndef TESTS_UNIT_MEMBERS_KIT_H
#define TESTS_UNIT_MEMBERS_KIT_H

#include "wire/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct qconfig kit_scratch;

/* `count` servers from `first` on in two groups, or in none, or with an observer at the
 * end; the addresses are IPv4, IPv6, several, or a name. Voters get instances. */
enum kit_kind { KIT_PLAIN, KIT_GROUPS, KIT_OBSERVER };

static inline void
kit_members(struct members *m, struct members_hints *h, unsigned first, unsigned count,
            enum kit_kind kind)
{
	static const char *const hosts[] = {
	    "10.0.0.1:2888:3888", "[fe80:0:0:0:0:0:0:1]:2888:3888",
	    "10.0.0.3:2888:3888|10.1.0.3:2889:3889", "host-4.example.org:2888:3888"};

	memset(m, 0, sizeof(*m));
	m->version = 4;
	m->hierarchical = kind == KIT_GROUPS;
	m->count = count;
	for (unsigned i = 0; i < count; i++) {
		struct member *one = &m->list[i];

		one->sid = first + i;
		one->observer = kind == KIT_OBSERVER && i == count - 1;
		one->weight = kind == KIT_GROUPS ? i % 3 : !one->observer;
		one->has_group = kind == KIT_GROUPS;
		one->group = kind == KIT_GROUPS ? 70 - i % 2 : 0;
		if (!one->observer)
			memset(one->instance.bytes, (int)(first + i + 1), 16);
		assert_true(members_hint_put(h, one->sid, hosts[i % 4]));
	}
	if (kind == KIT_GROUPS)
		m->list[0].weight = 9;
}

#endif
