#!/bin/sh
# Gathers the whole root file system of one program: it, the libraries that it needs, and what those look for at run time.
# There is no shell in it. Used by the Dockerfile, and by hand to try the image's content without a container.
#
#   rootfs.sh PROGRAM FOLDER
set -eu

program=$1
into=$2
name=$(basename "$program")
readonly user=10001

# What ldd finds, by its real content; a link is followed. The program loader is among it.
take_libraries() {
    for library in $(ldd "$1" | grep -o '/[^ ]*' | grep -v ':$'); do
        mkdir -p "$into$(dirname "$library")"
        [ -e "$into$library" ] || cp -L "$library" "$into$library"
    done
}

mkdir -p "$into/usr/local/bin" "$into/etc/ssl/certs" "$into/tmp" "$into/var/lib/mall"
cp "$program" "$into/usr/local/bin/$name"
take_libraries "$program"

# MySQL's way to log in (caching_sha2_password) is a plug-in of MariaDB's client library, which loads it by this path.
if ldd "$program" | grep -q libmariadb; then
    client=$(readlink -f "$(ldd "$program" | grep -o '/[^ ]*libmariadb[^ ]*')")
    plugins=$(dirname "$client")/libmariadb3/plugin
    mkdir -p "$into$plugins"
    for plugin in caching_sha2_password sha256_password client_ed25519; do
        cp "$plugins/$plugin.so" "$into$plugins/"
        take_libraries "$plugins/$plugin.so"
    done
fi

cp /etc/ssl/certs/ca-certificates.crt "$into/etc/ssl/certs/"
printf 'hosts: files dns\n' >"$into/etc/nsswitch.conf"
printf 'mall:x:%s:%s:mall:/var/lib/mall:/nonexistent\n' "$user" "$user" >"$into/etc/passwd"
printf 'mall:x:%s:\n' "$user" >"$into/etc/group"
chmod 1777 "$into/tmp"
chown "$user:$user" "$into/var/lib/mall"
