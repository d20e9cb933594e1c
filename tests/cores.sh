#!/bin/sh
# The pure cores: the files without a clock, a socket, a log or a heap (docs/STYLE.md). Makefile,
# tidy.sh and coverage.sh take the list from here.
cd "$(dirname "$0")/.." || exit 1
ls base/buf.[ch] base/delay.[ch] base/json.[ch] base/histogram.[ch] base/limit.[ch] base/exit.h base/paths.[ch] base/plain.[ch] base/slots.[ch] wire/*.[ch] ipc/msg*.[ch] ipc/policy.[ch] elector/elect*.[ch] elector/attach.c \
	connmgr/frame*.[ch] connmgr/link*.[ch] connmgr/outbox*.[ch] connmgr/places.[ch] connmgr/board*.[ch] \
	connmgr/shadow.[ch] peer/role*.[ch] swap/record.[ch] swap/swap*.[ch] supervisor/child*.[ch] proc/lag.[ch] proc/roster.[ch] \
	view/*.[ch] ctl/run_core.[ch]
