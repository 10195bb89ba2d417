//! Clients that public generators make from the contract, as it is served: each keeps every answer with its type, and buys.
//!
//! What a generator does not understand it leaves out with a warning, and the shopper's program then gets an answer without a body. So a warning
//! is a failure here, and every answer that was recorded goes through the generated code.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::folder;
use super::tools::{run, tools};
use crate::mall::{Mall, Totals};

const ANSWERS_PY: &str = include_str!("clients/answers.py");
const BUY_PY: &str = include_str!("clients/buy.py");
const ANSWERS_MJS: &str = include_str!("clients/answers.mjs");
const BUY_TS: &str = include_str!("clients/buy.ts");

/// The package that openapi-python-client makes, named by the contract's title.
const PACKAGE: &str = "mall_client";

pub(super) fn python_keeps_every_answer_and_buys(mall: &Mall) {
    let place = workplace(&[("answers.py", ANSWERS_PY), ("buy.py", BUY_PY)]);
    let url = format!("{}/openapi.json", mall.composite());
    succeed(&mut generate_python(place.path(), "--url", &url));
    let python = |script: &str| {
        let mut command = Command::new(tools().join("python/bin/python"));
        command.arg(script).current_dir(place.path());
        command
    };
    let contract = folder().join("openapi.json");
    succeed(python("answers.py").arg(PACKAGE).arg(contract));
    let number = succeed(python("buy.py").arg(mall.composite()));
    assert_bought(mall, &number);
}

/// A check that never fails proves nothing: the words that hid declined payments once must be refused.
pub(super) fn python_refuses_a_contract_that_it_understands_in_part(_: &Mall) {
    let place = workplace(&[]);
    let sound = fs::read_to_string(folder().join("openapi.json")).expect("the contract");
    let mut contract: serde_json::Value = serde_json::from_str(&sound).expect("JSON");
    contract["components"]["schemas"]["PaymentDeclinedProblem"]["allOf"][1]["properties"]["reason"] =
        serde_json::json!({"const": "PAYMENT_DECLINED"});
    let path = place.path().join("openapi.json");
    fs::write(&path, contract.to_string()).expect("a file");
    let path = path.to_str().expect("a path");
    let (is_well, said) = run(&mut generate_python(place.path(), "--path", path));
    assert!(!is_well, "{said}");
    assert!(said.contains("response will be omitted"), "{said}");
}

pub(super) fn typescript_keeps_every_answer_and_buys(mall: &Mall) {
    // The sources are modules, which this file tells the compiler and Node.
    let package = "{\"type\": \"module\"}";
    let place = workplace(&[
        ("package.json", package),
        ("answers.mjs", ANSWERS_MJS),
        ("buy.ts", BUY_TS),
    ]);
    let modules = tools().join("node_modules");
    std::os::unix::fs::symlink(&modules, place.path().join("node_modules")).expect("a link");
    let program = |name: &str| {
        let mut command = Command::new(modules.join(".bin").join(name));
        command.current_dir(place.path());
        command
    };
    let node = |script: &str| {
        let mut command = Command::new("node");
        command.arg(script).current_dir(place.path());
        command
    };

    let url = format!("{}/openapi.json", mall.composite());
    let (is_well, said) = run(program("openapi-typescript").args([&url, "--output", "mall.ts"]));
    let has_warned = said.to_lowercase().contains("warn");
    assert!(is_well && !has_warned, "{said}");
    let answers = succeed(node("answers.mjs").arg(folder().join("openapi.json")));
    fs::write(place.path().join("answers.ts"), answers).expect("a file");
    succeed(
        program("tsc")
            .args(["--strict", "--noUncheckedIndexedAccess"])
            .args(["--target", "es2022", "--module", "nodenext"])
            .args(["buy.ts", "answers.ts"]),
    );
    let number = succeed(node("buy.js").arg(mall.composite()));
    assert_bought(mall, &number);
}

/// A folder with these files.
fn workplace(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

/// Generates the Python package into the folder; a warning fails it.
fn generate_python(place: &Path, from: &str, contract: &str) -> Command {
    // By default the code is formatted, too, by a program that is looked for in the search path; its absence is a warning.
    let config = place.join("config.json");
    fs::write(&config, "{\"post_hooks\": []}").expect("a file");
    let mut command = Command::new(tools().join("python/bin/openapi-python-client"));
    command
        .args(["generate", from, contract, "--meta", "none"])
        .args(["--fail-on-warning", "--output-path", PACKAGE, "--config"])
        .arg(config)
        .current_dir(place);
    command
}

/// What it has written to standard output; it must succeed.
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("a program that runs");
    let [said, errors] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {said}{errors}");
    said
}

/// The order that a client says it has bought is in the books.
fn assert_bought(mall: &Mall, said: &str) {
    let number = said.trim();
    mall.run(mall.get(&format!("/open-api/order/{number}")))
        .assert_order("COMPLETE");
    let once = Totals {
        charged: 1,
        canceled: 0,
    };
    assert_eq!(mall.run(mall.ledger(number)), once);
}
