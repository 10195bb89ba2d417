//! The documents as the composite serves them, as tools and as people with a browser find them.

use std::fs;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;

use super::{browser, documented_mall, folder, tools};
use crate::mall::Mall;

type Look = fn(&Mall);

const LOOKS: &[(&str, Look)] = &[
    (
        "given_a_composite_then_it_serves_the_committed_page_and_contract",
        as_committed,
    ),
    (
        "given_the_served_contract_then_a_validator_finds_it_sound",
        tools::openapi_is_valid,
    ),
    (
        "given_asyncapi_then_its_parser_finds_it_sound_and_refuses_a_wrong_one",
        tools::asyncapi_is_valid,
    ),
    (
        "given_the_served_contract_when_fuzzed_then_no_5xx_and_no_undocumented_answer_is_found",
        tools::fuzzing_finds_nothing,
    ),
    (
        "given_the_page_in_a_browser_then_the_search_finds_and_the_console_is_silent",
        browser::the_page_works,
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
