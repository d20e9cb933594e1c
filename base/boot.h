/* In which life of the machine, and by which clock, a time of base/clock counts. Two
 * processes may compare such times only where both of these are equal. */
#ifndef BASE_BOOT_H
#define BASE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define BOOT_ID_LEN 16

/* Plain bytes without gaps: it is written to files as it is. */
struct boot {
	/* of this boot; zeros: the kernel did not tell it */
	unsigned char id[BOOT_ID_LEN];
	/* The time namespace: CLOCK_BOOTTIME differs between two of them. Zeros: this
	 * kernel has none. */
	uint64_t ns_device;
	uint64_t ns_number;
};

/* Of the calling process. What cannot be read is zeros. */
void boot_read(struct boot *out);
/* False where either is not known: zeros are equal to nothing. */
bool boot_equal(const struct boot *a, const struct boot *b);

#endif
