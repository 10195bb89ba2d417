#!/usr/bin/env bash
# Tries the images' content without containers: makes it as the Dockerfile does, in a bare Debian, and runs it by chroot, as the image's
# user, on a root that can't be written. Needs root, debootstrap and built programs; starts nothing but these and ends them.
#
#   deploy/trials/image.sh FOLDER-OF-PROGRAMS
set -euo pipefail

programs=$(cd "${1:?which folder are the built programs in?}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $(id -u) -eq 0 ]] || { echo "needs root, for debootstrap and chroot" >&2; exit 2; }
PATH=$PATH:/usr/sbin:/sbin # debootstrap

# The mounts below are seen by nobody else, and are gone when this ends.
if [[ ${MALL_TRIAL_INSIDE:-} != yes ]]; then exec env MALL_TRIAL_INSIDE=yes unshare --mount "$0" "$@"; fi

work=$(mktemp -d)
started=""
mounts=()
clear_up() {
    [[ -z $started ]] || kill -KILL "$started" 2>/dev/null || true
    for mounted in "${mounts[@]}"; do umount --lazy "$mounted/dev" "$mounted"; done
    rm -rf --one-file-system "$work"
}
trap clear_up EXIT

say() { printf '%s\n' "--- $*"; }
fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

say "a bare Debian with what the Dockerfile's first stage installs at run time"
debootstrap --variant=minbase --include=ca-certificates,libmariadb3,zlib1g,libc-bin bookworm "$work/debian" >"$work/debootstrap.log" ||
    { tail "$work/debootstrap.log"; fail "debootstrap"; }
cp "$here/../image/rootfs.sh" "$work/debian/rootfs.sh"

for program in order_service composite_service payment_simulator; do
    cp "$programs/$program" "$work/debian/$program"
    strip --strip-debug "$work/debian/$program"
    chroot "$work/debian" sh /rootfs.sh "/$program" "/images/$program"
    root=$work/$program
    mkdir "$root"
    mv "$work/debian/images/$program/"* "$root/"
    say "$program: $(du -sh "$root" | cut -f1), $(find "$root" -type f | wc -l) files"
    [[ -z $(find "$root" -name '*sh' -path '*bin*') ]] || fail "there is a shell in it"
    mkdir -p "$root/dev"
    mount --bind "$root" "$root"
    mounts+=("$root")
    mount --bind /dev "$root/dev"
    mount -o remount,bind,ro "$root"
    ! touch "$root/tmp/written" 2>/dev/null || fail "the root can be written"
done

# inside PROGRAM VARIABLE=VALUE… -- ARGUMENT…: becomes the image's program.
inside() {
    local program=$1 settings=()
    shift
    while [[ $1 != -- ]]; do settings+=("$1"); shift; done
    shift
    exec env -i "${settings[@]}" /usr/sbin/chroot --userspec=10001:10001 "$work/$program" "/usr/local/bin/$program" "$@"
}

# expect STATUS PROGRAM …: as `inside`, to its end.
expect() {
    local wanted=$1 status=0
    shift
    (inside "$@") >"$work/said" 2>&1 || status=$?
    [[ $status -eq $wanted ]] || { cat "$work/said"; fail "$*: exit status $status, not $wanted"; }
}

answers_live() {
    local left=100
    until (inside "$@" -- healthcheck /livez) >/dev/null 2>&1; do
        ((left -= 1)) || return 1
        sleep 0.1
    done
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

for program in order_service composite_service payment_simulator; do expect 0 "$program" -- --version; done

for program in order_service composite_service; do
    # No database, no broker: a service waits for them, lives, and is not ready.
    settings=(HTTP_ADDR="127.0.0.1:$(free_port)" INTERNAL_ADDR=127.0.0.1:0 DB_HOST=127.0.0.1:1 DB_PASSWORD=x PAYMENT_SECRET_KEY=x KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1)
    expect 1 "$program" "${settings[@]}" -- healthcheck
    (inside "$program" "${settings[@]}" -- serve) >"$work/$program.log" 2>&1 &
    started=$!
    answers_live "$program" "${settings[@]}" || { cat "$work/$program.log"; fail "$program does not live"; }
    expect 0 "$program" "${settings[@]}" -- healthcheck /livez
    expect 1 "$program" "${settings[@]}" -- healthcheck
    user=$(awk '/^Uid:/ { print $2 }' "/proc/$started/status")
    [[ $user == 10001 ]] || fail "$program runs as $user"
    kill -TERM "$started"
    status=0
    wait "$started" || status=$?
    [[ $status -eq 0 ]] || { cat "$work/$program.log"; fail "$program: exit status $status after SIGTERM"; }
    started=""
    say "$program: starts as 10001 on a read-only root, is live, is not ready without peers, ends in order"
done
say "all well"
