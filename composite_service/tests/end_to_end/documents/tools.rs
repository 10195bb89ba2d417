//! Tools that read the contracts as strangers do: validators, and Schemathesis, which asks the mall what the contract lets it ask.

use std::path::PathBuf;
use std::process::Command;

use stack::{Part, provide};

use super::folder;
use crate::mall::Mall;

/// The same requests in every run.
const SEED: &str = "4711";

/// Where the tools are.
pub(super) fn tools() -> PathBuf {
    provide(Part::ApiTools).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Runs it to its end: whether all was well, and what it has said.
pub(super) fn run(command: &mut Command) -> (bool, String) {
    let run = command.output().expect("a program that runs");
    let said = [run.stdout, run.stderr].concat();
    (
        run.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

pub(super) fn openapi_is_valid(_: &Mall) {
    let validator = tools().join("python/bin/openapi-spec-validator");
    let (is_valid, said) = run(Command::new(&validator).arg(folder().join("openapi.json")));
    assert!(is_valid, "{said}");

    let wrong = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(wrong.path(), "{\"openapi\": \"3.1.0\", \"paths\": {}}").expect("a file");
    let (is_valid, said) = run(Command::new(&validator).arg(wrong.path()));
    assert!(
        !is_valid,
        "a contract without a title is no contract: {said}"
    );
}

pub(super) fn asyncapi_is_valid(_: &Mall) {
    let (tools, contract) = (tools(), folder().join("asyncapi.yaml"));
    let check = |file: &std::path::Path| {
        run(Command::new("node")
            .arg(tools.join("asyncapi-check.mjs"))
            .arg(file))
    };
    let (is_valid, said) = check(&contract);
    assert!(is_valid, "{said}");

    let text = std::fs::read_to_string(&contract).expect("the contract");
    let wrong = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(wrong.path(), text.replace("action: send", "action: shout")).expect("a file");
    let (is_valid, said) = check(wrong.path());
    assert!(!is_valid, "nobody shouts: {said}");
}

pub(super) fn fuzzing_finds_nothing(mall: &Mall) {
    let work = tempfile::tempdir().expect("a temporary folder");
    let (is_well, said) = run(Command::new(tools().join("python/bin/schemathesis"))
        .arg("run")
        .arg(format!("{}/openapi.json", mall.composite()))
        .args(["--url", mall.composite()])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
             response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance",
        ])
        .args(["--max-examples", "40", "--seed", SEED, "--no-color"])
        .current_dir(work.path()));
    assert!(is_well, "{said}");
}
