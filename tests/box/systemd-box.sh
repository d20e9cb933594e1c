#!/bin/bash
# systemd-box.sh [-b DIR]... [-n] [-1] [-t SECS] [-v] -- CMD [ARG...]
#
# Boot a real `systemd --system` as PID 1 of private pid/mount/uts/ipc/cgroup
# (and with -n network) namespaces, run CMD inside it (systemctl, journalctl,
# systemd-run, kill all usable), end it all, and leave nothing behind.
# Exit status: CMD's, or 125 when the box itself could not be made.
#
#   -b DIR   bind DIR read-write (else every write goes to a tmpfs overlay and
#            is thrown away); may be given several times
#   -n       new network namespace with only lo up
#   -t SECS  boot timeout (default 20)
#   -1       cgroup v1 (hybrid) layout instead of pure v2: where the host keeps memory, pids and
#            cpu on v1 hierarchies, this is how MemoryMax=, TasksMax= and CPUQuota= can be tested
#   -v       show systemd's own console on stderr
#
# Needs: root, util-linux (unshare, nsenter, setpriv), systemd; overlayfs and
# cgroup2 in the kernel.  PID 1 of the host does not matter.
set -u
die() { echo "systemd-box: $*" >&2; exit 125; }

# ---------------------------------------------------------------- stage 2
# Runs as PID 1 of the new pid namespace, inside the new mount namespace.
if [ "${1-}" = --stage2 ]; then
    shift; root=$1; verbose=$2; newnet=$3; v1=$4; shift 4   # the rest: bind dirs
    set -e
    mount --make-rprivate /
    mount -t tmpfs -o mode=0755 sdbox "$root"
    mkdir "$root/up" "$root/wk" "$root/m"
    mount -t overlay sdbox \
        -o "lowerdir=/,upperdir=$root/up,workdir=$root/wk,index=off,metacopy=off" "$root/m"
    m=$root/m
    mount -t proc -o nosuid,nodev,noexec proc "$m/proc"
    mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$m/sys" 2>/dev/null ||
        mount --rbind -o ro /sys "$m/sys"
    mount -t tmpfs -o mode=0755 tmpfs "$m/dev"
    for d in null zero full random urandom tty; do
        : > "$m/dev/$d"; mount --bind "/dev/$d" "$m/dev/$d"
    done
    mkdir "$m/dev/pts" "$m/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$m/dev/pts"
    ln -s pts/ptmx "$m/dev/ptmx"
    ln -s /proc/self/fd "$m/dev/fd"
    ln -s fd/0 "$m/dev/stdin"; ln -s fd/1 "$m/dev/stdout"; ln -s fd/2 "$m/dev/stderr"
    ln -s /run/systemd/journal/dev-log "$m/dev/log"
    mount -t tmpfs -o mode=1777 tmpfs "$m/dev/shm"
    mount -t tmpfs -o mode=0755 tmpfs "$m/run"
    # one pure-v2 cgroup tree, rooted at the box's own cgroup (cgroup ns)
    if [ "$v1" = 1 ]; then
        mount -t tmpfs -o mode=0755 tmpfs "$m/sys/fs/cgroup"
        mkdir "$m/sys/fs/cgroup/unified" "$m/sys/fs/cgroup/systemd"
        mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 "$m/sys/fs/cgroup/unified"
        # every v1 hierarchy of the host: systemd would mount those that it misses, at the host's root
        mount -t cgroup -o nosuid,nodev,noexec,none,name=systemd cgroup "$m/sys/fs/cgroup/systemd"
        awk -F: '$2 != "" && $2 !~ /^name=/ {print $2}' /proc/self/cgroup | while read -r c; do
            mkdir "$m/sys/fs/cgroup/$c"
            mount -t cgroup -o "nosuid,nodev,noexec,$c" cgroup "$m/sys/fs/cgroup/$c"
            case $c in *,*) for x in ${c//,/ }; do ln -s "$c" "$m/sys/fs/cgroup/$x"; done ;; esac
        done
    else
        mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 "$m/sys/fs/cgroup"
    fi
    for d in "$@"; do mkdir -p "$m$d"; mount --bind "$d" "$m$d"; done
    # read-only sysctls, as in every container
    mount --bind "$m/proc/sys" "$m/proc/sys"
    mount -o remount,bind,ro,nosuid,nodev,noexec "$m/proc/sys"

    hostname sdbox
    # Only what a service needs: journald, tmpfiles; nothing of the host's.
    mkdir -p "$m/run/systemd/system"
    rm -rf "$m"/etc/systemd/system/*.wants "$m"/etc/systemd/system/*.requires
    : > "$m/etc/fstab"
    u=$m/run/systemd/system
    printf '%s\n' '[Unit]' 'Description=systemd-box' 'Requires=basic.target' \
        'After=basic.target' 'AllowIsolate=yes' > "$u/sdbox.target"
    for x in systemd-udevd.service systemd-udev-trigger.service \
        systemd-udevd-kernel.socket systemd-udevd-control.socket \
        systemd-modules-load.service systemd-sysctl.service \
        systemd-machine-id-commit.service systemd-firstboot.service \
        systemd-random-seed.service systemd-update-utmp.service \
        systemd-timesyncd.service systemd-hwdb-update.service \
        systemd-update-done.service systemd-journal-flush.service \
        systemd-binfmt.service systemd-sysusers.service systemd-pstore.service \
        systemd-boot-system-token.service systemd-network-generator.service \
        ldconfig.service kmod-static-nodes.service \
        systemd-remount-fs.service systemd-repart.service \
        systemd-tmpfiles-setup-dev.service systemd-journald-audit.socket \
        dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
        sys-kernel-tracing.mount sys-kernel-config.mount \
        sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount \
        systemd-ask-password-console.path systemd-ask-password-wall.path \
        tmp.mount swap.target cryptsetup.target integritysetup.target \
        veritysetup.target timers.target paths.target; do
        ln -s /dev/null "$u/$x"
    done
    # systemd-tmpfiles would empty /tmp at boot, -b directories under it included
    mkdir -p "$m/etc/tmpfiles.d"
    for x in tmp.conf x11.conf legacy.conf home.conf var.conf; do
        ln -sf /dev/null "$m/etc/tmpfiles.d/$x"
    done
    mkdir -p "$m/run/systemd/journald.conf.d" "$m/run/systemd/system.conf.d"
    printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nForwardToSyslog=no\nAudit=no\n' \
        > "$m/run/systemd/journald.conf.d/box.conf"
    printf '[Manager]\nLogLevel=info\nLogTarget=journal\nDefaultTimeoutStopSec=5s\nShowStatus=no\n' \
        > "$m/run/systemd/system.conf.d/box.conf"
    [ "$newnet" = 1 ] && ip link set lo up
    mkdir -p "$m/run/.old"
    cd "$m"
    pivot_root . run/.old
    umount -l /run/.old
    rmdir /run/.old
    [ "$verbose" = 1 ] && log=--log-target=console || log=--log-target=journal
    exec env -i container=sdbox PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 TERM=dumb \
        /lib/systemd/systemd --system --unit=sdbox.target --show-status=no $log
fi

# ---------------------------------------------------------------- stage 1
binds=(); newnet=0; verbose=0; v1=0; tmo=20
while getopts b:n1t:v o; do
    case $o in
        b) binds+=("$(realpath "$OPTARG")") ;;
        n) newnet=1 ;;
        1) v1=1 ;;
        t) tmo=$OPTARG ;;
        v) verbose=1 ;;
        *) die "usage: $0 [-b DIR]... [-n] [-1] [-t SECS] [-v] -- CMD [ARG...]" ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || die "no command"
[ "$(id -u)" = 0 ] || die "needs root"
[ -x /lib/systemd/systemd ] || die "systemd is not installed"
self=$(realpath "$0")

# The cgroup2 hierarchy, wherever the host has it; if nowhere, a private mount.
# The box's cgroups are made below our own, so that whatever limits us limits the box too.
own() { awk -F: -v k="$1" '$2==k {print $3}' /proc/self/cgroup; }   # our path in hierarchy k
cg=$(awk '$3=="cgroup2"{print $2; exit}' /proc/self/mounts)
own_cg=
if [ -z "$cg" ]; then
    cg=$(mktemp -d /tmp/sdbox-cg.XXXXXX); mount -t cgroup2 cgroup2 "$cg" || die "no cgroup2"
    own_cg=$cg
fi
o=$(own ""); box=$cg${o%/}/sdbox.$$
root=$(mktemp -d /tmp/sdbox.XXXXXX)
mkdir "$box" || die "cannot make $box"
boxes=("$box")
if [ $v1 = 1 ]; then   # the same name in every v1 hierarchy that the box gets
    while IFS=: read -r _ key path; do
        [ -n "$key" ] || continue
        mp=$(awk -v k="$key" '$3=="cgroup" && index("," $4 ",", "," k ",") {print $2; exit}' /proc/self/mounts)
        [ -n "$mp" ] || continue
        p=$mp${path%/}
        mkdir "$p/sdbox.$$" || die "cannot make $p/sdbox.$$"
        boxes+=("$p/sdbox.$$")
        if [ -e "$p/cpuset.cpus" ]; then   # a v1 cpuset starts empty and takes no process so
            cat "$p/cpuset.cpus" > "$p/sdbox.$$/cpuset.cpus"; cat "$p/cpuset.mems" > "$p/sdbox.$$/cpuset.mems"
        fi
    done < /proc/self/cgroup
fi
upid= cmd=
cleanup() {
    trap - EXIT INT TERM HUP
    [ -n "$cmd" ] && kill -KILL "$cmd" 2>/dev/null
    [ -n "$upid" ] && kill -KILL "$upid" 2>/dev/null   # --kill-child takes PID 1 along
    [ -e "$box/cgroup.kill" ] && echo 1 > "$box/cgroup.kill" 2>/dev/null
    wait 2>/dev/null
    for _ in $(seq 100); do   # leaf cgroups first
        left=0
        for b in "${boxes[@]}"; do
            find "$b" -depth -type d -exec rmdir {} \; 2>/dev/null
            [ -d "$b" ] && left=1
        done
        [ $left = 0 ] && break
        sleep 0.05
    done
    rm -f "$root.err"
    rmdir "$root" 2>/dev/null
    [ -n "$own_cg" ] && { umount "$own_cg"; rmdir "$own_cg"; }
}
trap cleanup EXIT
trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP

net=(); [ $newnet = 1 ] && net=(--net)
if [ $verbose = 1 ]; then exec 8>&2; else exec 8>/dev/null; fi
errs=$root.err
# Only PID 1 of the box may sit in the box's cgroup (cgroup v2 allows no process
# in an inner node that has controllers), so it joins by itself: "0" means "me".
setpriv --pdeathsig KILL -- unshare --mount --uts --ipc --pid "${net[@]}" --fork --kill-child=KILL \
    --propagation private -- \
    bash -c 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit; shift; done; shift
             exec unshare --cgroup -- "$@"' sdbox \
    "${boxes[@]}" -- bash "$self" --stage2 "$root" $verbose $newnet $v1 "${binds[@]}" \
    </dev/null 8>&- >"$errs" 2>&1 &
upid=$!
[ $verbose = 1 ] && { tail -n +1 -f --pid=$upid "$errs" >&2 & }

# PID 1 of the box, as seen from here
init=
deadline=$((SECONDS + tmo))
while [ $SECONDS -lt $deadline ]; do
    kill -0 $upid 2>/dev/null || { cat "$errs" >&2; rm -f "$errs"; die "stage 2 failed"; }
    # systemd moves itself to init.scope; read from here it has its outer pid
    init=; [ -f "$box/init.scope/cgroup.procs" ] &&
        read -r init < "$box/init.scope/cgroup.procs"
    if [ -n "$init" ] && [ -S "/proc/$init/root/run/systemd/private" ]; then break; fi
    sleep 0.02
done
in_box() { nsenter -t "$init" --mount --uts --ipc --pid --cgroup "${net[@]}" --root --wdns="$PWD" -- "$@"; }
state=$(in_box timeout "$tmo" systemctl is-system-running --wait 2>&1)
case $state in
    running|degraded) ;;
    *) cat "$errs" >&2; rm -f "$errs"; die "did not boot: $state" ;;
esac
[ "$state" = degraded ] && in_box systemctl --failed --no-legend --plain >&2
# in the background, so that a signal to us is acted on at once
in_box env container=sdbox "$@" <&0 &
cmd=$!
wait $cmd
rc=$?; cmd=
# nothing of it is kept, so that it need not power off in order: cleanup ends all of it
rm -f "$errs"
exit $rc
