/* Loads early what glibc loads when a name is looked up for the first time: the modules
 * of the name service switch (nss_resolve, nss_mdns …), and the unwinder. At that time it
 * is too late, since a program that has dropped its privileges cannot open them. */
#ifndef CONNMGR_NSS_H
#define CONNMGR_NSS_H

#define NSS_FILE "/etc/nsswitch.conf"

/* Loads the modules that the file names for hosts. A missing module or file is ignored,
 * as glibc does. */
void nss_load(const char *path);

#endif
