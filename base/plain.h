/* Text that others may have written, for a terminal or a line of the log. */
#ifndef BASE_PLAIN_H
#define BASE_PLAIN_H

/* Replaces each control character by a `?`, in place: a terminal would obey it, and a
 * line break would begin a line of its own. Those of ISO 6429 above 0x7f count too, as a
 * byte or as UTF-8; all other bytes stay. */
void plain_make(char *text);

#endif
