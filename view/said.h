/* A notification or a decision of an elector, as connmgr's comparison of two electors
 * reports it (hexadecimal, perhaps cut), in words for a person. */
#ifndef VIEW_SAID_H
#define VIEW_SAID_H

#define SAID_MAX 256

/* `hex` "": the elector said nothing. */
void said_text(const char *hex, char out[SAID_MAX]);

#endif
