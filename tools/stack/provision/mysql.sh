#!/usr/bin/env bash
# A real MySQL from Debian unstable, in a folder of its own with its own loader and libraries. Nothing of it is installed: a private
# apt configuration downloads the packages, and they are only unpacked.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly mysql=$parts/mysql

ready() { have setpriv && [[ -x $mysql/bin/mysqld ]]; }

# This machine's own Debian mirror, with its signing key.
mirror() {
    local uris
    # shellcheck disable=SC2016 # apt-get expands it
    uris=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')
    grep -m1 '/debian/\?$' <<<"$uris" || fail "no Debian mirror in apt's sources"
}

write_apt_configuration() {
    mkdir -p "$temporary"/{etc,state/lists/partial,cache/archives/partial}
    : >"$temporary/state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) unstable main" >"$temporary/etc/sources.list"
    cat >"$temporary/apt.conf" <<CONF
Dir::Etc::sourcelist "$temporary/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
Dir::State "$temporary/state";
Dir::State::status "$temporary/state/status";
Dir::Cache "$temporary/cache";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Debug::NoLocking "true";
CONF
}

download() {
    local log=$temporary/apt.log
    export APT_CONFIG=$temporary/apt.conf
    { apt-get update && apt-get install -y -d mysql-server-core; } </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "apt could not fetch MySQL"; }
    unset APT_CONFIG
}

unpack() {
    local package
    mkdir -p "$temporary/mysql/bin"
    for package in "$temporary"/cache/archives/*.deb; do dpkg-deb -x "$package" "$temporary/mysql"; done
    cat >"$temporary/mysql/bin/mysqld" <<'WRAPPER'
#!/usr/bin/env bash
# Runs this folder's MySQL by this folder's own loader and libraries.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
loader=$(echo "$here"/usr/lib/*/ld-linux-*.so.*)
exec "$loader" --library-path "$(dirname "$loader")" "$here/usr/sbin/mysqld" --no-defaults --basedir="$here/usr" \
    --lc-messages-dir="$here/usr/share/mysql" --character-sets-dir="$here/usr/share/mysql/charsets" "$@"
WRAPPER
    chmod 755 "$temporary/mysql/bin/mysqld"
    "$temporary/mysql/bin/mysqld" --version >&2 || fail "the unpacked MySQL does not run"
}

if ! ready; then
    one_at_a_time
    if ! ready; then
        if ! { have apt-get && have dpkg-deb; }; then fail "no apt-get here: MySQL can't be had"; fi
        temporary_folder
        say "fetching MySQL from Debian unstable"
        write_apt_configuration
        download
        unpack
        rm -rf "$mysql"
        mv "$temporary/mysql" "$mysql"
    fi
    ready || fail "MySQL is still not complete"
fi
echo "$mysql"
