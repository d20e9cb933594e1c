/* What an elector said, as connmgr's comparison has it (hexadecimal, perhaps cut), in
 * words for a person. */
#ifndef VIEW_SAID_H
#define VIEW_SAID_H

#define SAID_MAX 256

/* `hex` "": it said nothing. */
void said_text(const char *hex, char out[SAID_MAX]);

#endif
