#!/bin/sh
# ./dev fresh: proves both commands in a new Debian root that holds Python 3.11, Git and nothing else of ours.
# The mirror and the proxies are those of this machine, read at run time. Needs root and debootstrap.
#   usage: ./dev fresh [demo|test|all]     (all by default; FRESH_ROOT chooses the folder, KEEP_ROOT=1 keeps it)
set -eu
cd "$(dirname "$0")/.."

what=${1:-all}
suite=${FRESH_SUITE:-bookworm}
root=${FRESH_ROOT:-/var/tmp/openaisle-fresh}

say() { printf 'fresh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ "$(id -u)" -eq 0 ] || die "root is needed to make and enter a Debian root"
command -v debootstrap >/dev/null || die "please run: apt-get install --no-install-recommends -y debootstrap"
[ ! -e "$root" ] || die "$root is there already; remove it or set FRESH_ROOT"

# The first archive this machine's apt knows for the suite.
mirror=$(apt-get indextargets --format '$(SITE)|$(RELEASE)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' -v suite="$suite" '$2 ~ suite && $3 !~ /security/ {print $3; exit}')
[ -n "$mirror" ] || die "apt on this machine knows no archive of $suite"

leave_root() {
    for place in proc dev/pts dev sys; do umount -l "$root/$place" 2>/dev/null || true; done
    if [ "${KEEP_ROOT:-}" ]; then say "kept: $root"; else rm -rf --one-file-system "$root"; fi
}
trap leave_root EXIT INT TERM

lap() { # lap NAME COMMAND...: run and tell the seconds it took
    name=$1
    shift
    start=$(date +%s)
    "$@" || die "$name failed after $(($(date +%s) - start)) s"
    say "$name: $(($(date +%s) - start)) s"
}

make_root() {
    debootstrap --variant=minbase --include=python3,ca-certificates,git "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log" >&2; return 1; }
    rm -f "$root.log"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
    mount -t sysfs sys "$root/sys"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cp -r /etc/apt/sources.list.d /etc/apt/sources.list /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
}

clone_project() {
    git -c safe.directory='*' clone -q . "$root/srv/openaisle"
}

# Only names that say how this machine reaches archives and packages go in.
in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 ${CI:+CI="$CI"} \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
        ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
        chroot "$root" sh -c "cd /srv/openaisle && $*"
}

say "root $root, suite $suite, commit $(git -c safe.directory='*' rev-parse --short HEAD)"
lap "debootstrap" make_root
lap "clone" clone_project
case $what in demo | all) lap "./dev demo --once (set-up included)" in_root ./dev demo --once ;; esac
case $what in demo | all) lap "./dev demo --once (again)" in_root ./dev demo --once ;; esac
case $what in test | all) lap "./dev test (set-up included)" in_root CI=true ./dev test -q ;; esac
say "all good"
