/* Restarts of processes that cost no leader: rules R7 and R8 of docs/LEASE.md. */
#include "peer/role_impl.h"
