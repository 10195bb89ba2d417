//! The whole mall under every fault, as `mall check` does it: real Kafka, MariaDB and processes. Needs all binaries of the workspace.

use std::process::Command;

const MALL: &str = env!("CARGO_BIN_EXE_mall_cli");

/// Any would do; the plan of a run that fails is to be repeated.
const SEED: &str = "20261123";

fn check(flags: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(MALL)
        .args(["check", "--seed", SEED, "--data-dir"])
        .arg(folder.path().join("check"))
        .args(flags)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.code() != Some(0) {
        // what is needed to find out why is not to go with the folder
        let kept = folder.keep();
        return (
            output.status.code(),
            format!("{said}\nkept in {}", kept.display()),
        );
    }
    (output.status.code(), said)
}

/// Those that strike an issuer need one, and those that delete topics double the time; what becomes of topics that are made again is tried
/// by the services' own tests, too.
const LEFT_TO_THE_COMMAND: [&str; 11] = [
    "kill-issuer",
    "rotate-keys",
    "recreate-orders",
    "recreate-orders-fewer",
    "recreate-orders-more",
    "recreate-composite",
    "recreate-composite-fewer",
    "recreate-composite-more",
    "delete-orders",
    "delete-composite",
    "wipe-broker",
];

/// All that a check has, but for [`LEFT_TO_THE_COMMAND`].
fn faults() -> Vec<String> {
    let output = Command::new(MALL)
        .args(["check", "--list-faults"])
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        LEFT_TO_THE_COMMAND
            .iter()
            .all(|fault| names.contains(fault))
    );
    names
        .into_iter()
        .filter(|fault| !LEFT_TO_THE_COMMAND.contains(fault))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_mall_that_every_other_fault_has_struck_is_consistent() {
    let faults = faults();
    let (code, said) = check(&["--faults", &faults.join(",")]);
    assert_eq!(code, Some(0), "{said}");
    for fault in faults {
        let struck = said.lines().any(|line| {
            line.trim_start().starts_with(&format!("{fault} ")) && line.contains(" 1 ×")
        });
        assert!(struck, "{fault} has not struck: {said}");
    }
}

#[test]
fn a_check_that_can_not_be_run_says_so() {
    let (code, said) = check(&["--faults", "flood"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no fault 'flood'"), "{said}");
}

#[test]
fn a_folder_with_something_else_in_it_is_not_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "mine").unwrap();
    let output = Command::new(MALL)
        .args(["check", "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(precious.exists());
}
