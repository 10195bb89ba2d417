//! The documents as the composite serves them, as tools and as people with a browser find them.

use std::fs;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;

use super::{browser, clients, documented_mall, folder, tools};
use crate::mall::Mall;

type Look = fn(&Mall);

const LOOKS: &[(&str, Look)] = &[
    ("composite::serves_the_committed_files", as_committed),
    ("openapi::is_valid", tools::openapi_is_valid),
    ("openapi::survives_fuzzing", tools::fuzzing_finds_nothing),
    ("asyncapi::is_valid", tools::asyncapi_is_valid),
    ("page::works_in_a_browser", browser::the_page_works),
    (
        "clients::python::keeps_every_answer_and_buys",
        clients::python_keeps_every_answer_and_buys,
    ),
    (
        "clients::python::refuses_half_a_contract",
        clients::python_refuses_a_contract_that_it_understands_in_part,
    ),
    (
        "clients::typescript::keeps_every_answer_and_buys",
        clients::typescript_keeps_every_answer_and_buys,
    ),
];

pub(super) fn trials() -> Vec<Trial> {
    let mall: Arc<OnceLock<Mall>> = Arc::default();
    let trial = |(name, look): &(&str, Look)| {
        let (mall, look) = (Arc::clone(&mall), *look);
        Trial::test(format!("documents::{name}"), move || {
            look(mall.get_or_init(documented_mall));
            Ok(())
        })
    };
    LOOKS.iter().map(trial).collect()
}

fn as_committed(mall: &Mall) {
    for (path, file, kind) in [
        ("/docs", "index.html", "text/html; charset=utf-8"),
        ("/openapi.json", "openapi.json", "application/json"),
    ] {
        let url = format!("{}{path}", mall.composite());
        let committed = fs::read_to_string(folder().join(file)).expect("a committed file");
        let (found, text) = mall.run(async {
            let answer = reqwest::get(&url).await.expect("an answer");
            let found = answer.headers()["content-type"].to_str().map(str::to_owned);
            (found.expect("a type"), answer.text().await.expect("a body"))
        });
        assert_eq!(found, kind);
        assert!(text == committed, "{path} is not the committed {file}");
    }
}
