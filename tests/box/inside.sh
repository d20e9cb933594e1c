#!/bin/bash
# In the box, see box.bash: installs what BOX_DIR holds, then runs the jobs that are named in its fifo.
set -eu
dir=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cp -a "$dir/installed/." /
install -D "$dir/leak.so" /usr/local/lib/leak.so
mkdir -p /etc/conclave
cp "$dir/conclave.conf" /etc/conclave/
systemd-sysusers
systemctl daemon-reload
exec 9<>"$dir/ask" # for both, so that it never ends
touch "$dir/ready"
while read -r job <&9; do
	rc=0
	timeout 120 bash -eu -c '. "$1"; set -x; . "$2"' inside "$dir/words.sh" "$job" >"$job.out" 2>"$job.err" </dev/null 9>&- || rc=$?
	echo "$rc" >"$job.tmp"
	mv "$job.tmp" "$job.rc"
done
