/* What is explored. */
#include "tests/model/model.h"

#include <string.h>

/* the servers of a file */
#define ONE    (1u << 1)
#define TWO    (1u << 1 | 1u << 2)
#define THREE  (1u << 1 | 1u << 2 | 1u << 3)
#define OTHERS (1u << 2 | 1u << 3)
#define FOUR   (1u << 1 | 1u << 2 | 1u << 3 | 1u << 4)

const struct model_case model_cases[] = {
    {
	.name = "crash",
	.what = "three servers; two of them crash or look again",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 2},
	.slow_learners = true,
	.max_epoch = 6,
    },
    {
	.name = "break",
	.what = "three servers; a crash, a connection breaks, a write fails",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.budget = {[MODEL_LOOKS] = 4,
                   [MODEL_CRASHES] = 1,
                   [MODEL_BREAKS] = 1,
                   [MODEL_FAILURES] = 1},
	.slow_learners = true,
	.max_epoch = 6,
    },
    {
	.name = "early",
	.what = "three servers; who follows may do so before the leader has decided",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.budget = {[MODEL_LOOKS] = 4, [MODEL_CRASHES] = 1, [MODEL_BREAKS] = 1},
	.slow_learners = true,
	.early = true,
	.max_epoch = 6,
    },
    {
	.name = "1-to-3",
	.what = "a group of one grows to three",
	.servers = 3,
	.files = {{1, ONE}, {2, THREE}},
	.file = {0, 1, 1},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 4,
                   [MODEL_CRASHES] = 1,
                   [MODEL_RELOADS] = 1,
                   [MODEL_GIVE_UPS] = 1},
	.max_epoch = 9,
    },
    {
	.name = "3-to-1",
	.what = "a group of three shrinks to one",
	.servers = 3,
	.files = {{1, THREE}, {2, ONE}},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 3, [MODEL_CRASHES] = 1, [MODEL_RELOADS] = 2},
	.max_epoch = 9,
    },
    {
	.name = "leader-goes",
	.what = "a group of three becomes one of two, without the leader",
	.servers = 3,
	.files = {{1, THREE}, {2, OTHERS}},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 3,
                   [MODEL_CRASHES] = 1,
                   [MODEL_RELOADS] = 1,
                   [MODEL_GIVE_UPS] = 1},
	.max_epoch = 9,
    },
    {
	.name = "two-changes",
	.what = "a file is replaced by another while its change is under way",
	.servers = 3,
	.files = {{1, TWO}, {2, ONE}, {3, THREE}},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 3, [MODEL_RELOADS] = 2, [MODEL_GIVE_UPS] = 1},
	.max_epoch = 11,
    },
    {
	.name = "1-to-others",
	.what = "a group of one is replaced by two others",
	.servers = 3,
	.files = {{1, ONE}, {2, OTHERS}},
	.file = {0, 1, 1},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 4,
                   [MODEL_CRASHES] = 1,
                   [MODEL_RELOADS] = 1,
                   [MODEL_GIVE_UPS] = 1},
	.max_epoch = 9,
    },
    {
	.name = "copy",
	.what = "of a group of three one gets an old copy of its disk",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 1, [MODEL_RESTORES] = 1},
	.max_epoch = 9,
    },
    {
	.name = "found",
	.what = "three servers found a group; a disk is lost",
	.servers = 3,
	.files = {{1, THREE}},
	.budget = {[MODEL_LOOKS] = 6, [MODEL_CRASHES] = 1, [MODEL_WIPES] = 1},
	.max_epoch = 9,
    },
    {
	.name = "readmit",
	.what = "of a group of three one loses its disk, and is taken in again",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 3, [MODEL_CRASHES] = 1, [MODEL_WIPES] = 1},
	.max_epoch = 9,
    },
    {
	.name = "refound",
	.what =
	    "the record of a group of three is given up, by one server after the other",
	.servers = 3,
	.files = {{1, THREE}},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 4, [MODEL_CRASHES] = 1, [MODEL_REFOUNDS] = 3},
	.max_epoch = 9,
    },
    {
	.name = "3-to-4",
	.what = "a group of three grows to four",
	.servers = 4,
	.files = {{1, THREE}, {2, FOUR}},
	.file = {0, 0, 0, 1},
	.grown = true,
	.led = true,
	.budget = {[MODEL_LOOKS] = 3, [MODEL_CRASHES] = 1, [MODEL_RELOADS] = 1},
	.max_epoch = 9,
    },
    {
	.name = "four",
	.what = "four servers; one crashes or looks again",
	.servers = 4,
	.files = {{1, FOUR}},
	.grown = true,
	.budget = {[MODEL_LOOKS] = 5, [MODEL_CRASHES] = 1},
	.max_epoch = 6,
    },
};
const unsigned model_case_count = sizeof(model_cases) / sizeof(model_cases[0]);

void
model_members_of_file(const struct model_file *file, struct members *out)
{
	memset(out, 0, sizeof(*out));
	out->version = file->version;
	for (int sid = 1; sid <= MODEL_SERVERS; sid++) {
		if (!(file->sids & 1u << sid))
			continue;
		out->list[out->count].sid = sid;
		out->list[out->count].weight = 1;
		out->count++;
	}
}

struct members_instance
model_instance(uint8_t sid, uint8_t instance)
{
	return (struct members_instance){{sid, instance}};
}

uint8_t
model_instance_number(const struct members_instance *instance)
{
	return instance->bytes[1];
}
