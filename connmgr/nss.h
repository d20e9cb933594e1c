/* What glibc loads when a name is looked up for the first time: the modules of the name
 * service switch (nss_resolve, nss_mdns …), and the unwinder. Then it is too late: a
 * program that has dropped its rights loads nothing any more. What is loaded is found
 * without a file. */
#ifndef CONNMGR_NSS_H
#define CONNMGR_NSS_H

#define NSS_FILE "/etc/nsswitch.conf"

/* Loads it, with what the file names for hosts. A module that is not there is passed
 * over, as glibc does; so is a file. */
void nss_load(const char *path);

#endif
