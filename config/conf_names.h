/* Finds the first unknown key, and the first group where none may be, before libconfig
 * reads the text: libconfig compares each key of a group with all before it, so that a
 * file of unknown keys, of no more than the permitted size, took minutes. Behind this
 * search each group has few names, and a second key of one name is an error at once. */
#ifndef CONFIG_CONF_NAMES_H
#define CONFIG_CONF_NAMES_H

#include "config/conf_read.h"

/* 0; 1: `error` says which key is unknown, or is a group and must not be. Where the text
 * breaks the rules of libconfig the search ends with 0: libconfig ends there as well. */
int conf_names_check(const struct conf_text *t, struct conf_error *error);

#endif
