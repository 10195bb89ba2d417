//! A machine that can look up neither its own name nor `localhost`, as a bare root file system without `/etc/hosts` is.

use std::process::Command;

/// In name spaces of its own: no file tells names, and no server is asked.
const BARE: &str = r#"
    echo nameless >/proc/sys/kernel/hostname
    empty=$(mktemp) files=$(mktemp)
    echo "hosts: files" >"$files"
    for file in /etc/hosts /etc/resolv.conf; do
        [ ! -e "$file" ] || mount --bind "$empty" "$file" || exit
    done
    mount --bind "$files" /etc/nsswitch.conf || exit
    rm "$empty" "$files"
    ! getent hosts localhost nameless || exit
    exec "$@"
"#;

#[test]
fn opens_a_mall_as_any_other() {
    let test = "up::a_mall_of_several_services_on_kafka_opens_sells_and_closes";
    let own_test = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let output = command
        .args(["--mount", "--uts", "sh", "-c", BARE, "sh"])
        .arg(own_test)
        .args(["--exact", test])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
