//! Documents of the public API, in the manner of Spring REST Docs: what is sent to a running mall and what comes back, only when it is as
//! the contract says (`docs/api/openapi.yaml`). The pages under `docs/api` are compared with what this run has seen; with `MALL_DOCS=refresh`
//! (`./mall docs`) they are written instead.

mod recorder;
mod products;
mod placing;
mod quoting;
mod paying;
mod cancelling;
mod reading;
mod members;
mod trouble;
mod strangers;
mod identities;
mod limited;
mod nowhere;
mod served;
mod tools;
mod clients;
mod browser;

use std::fs;
use std::path::PathBuf;

use api_documents::book::Book;
use api_documents::contract::Contract;
use api_documents::coverage::unseen;
use api_documents::shelf::Shelf;
use api_documents::{examples, markdown, page};
use libtest_mimic::Trial;
use stack::{root, sample_catalogue};

use crate::mall::Mall;
use recorder::Recorder;

/// A composite answers this in the last moment before it ends. As a rule it has closed the connection by then, so no client sees it.
const NEVER_HEARD: &[&str] =
    &["/components/schemas/OrderingUnavailableProblem/allOf/1/properties/reason/enum/STOPPING"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test(
        "documents::pages::say_what_the_mall_answers",
        || {
            written_as_seen();
            Ok(())
        },
    )];
    if !is_refreshing() {
        trials.extend(served::trials());
    }
    trials
}

/// Whether the pages are to be written.
#[expect(
    clippy::disallowed_methods,
    reason = "one variable, read here only, set by `./mall docs`"
)]
fn is_refreshing() -> bool {
    std::env::var("MALL_DOCS").is_ok_and(|value| value == "refresh")
}

/// Where the pages are.
fn folder() -> PathBuf {
    root().join("docs/api")
}

fn contract() -> Contract {
    let yaml = fs::read_to_string(folder().join("openapi.yaml")).expect("the contract");
    Contract::read(&yaml).unwrap_or_else(|error| panic!("{error}"))
}

/// A mall with the sample goods, that few purchases fill, and whose composite lingers when it is told to end.
fn documented_mall() -> Mall {
    Mall::start(|builder| {
        builder.catalogue = Some(sample_catalogue(&builder.place).expect("the sample catalogue"));
        builder.composite_env = vec![
            ("MAX_PURCHASES".to_owned(), trouble::CAPACITY.to_string()),
            ("SHUTDOWN_DELAY_SECONDS".to_owned(), "3".to_owned()),
        ];
    })
}

fn written_as_seen() {
    let mut mall = documented_mall();
    let contract = contract();
    let mut recorder = Recorder::new(&contract, mall.stack.composite_url());
    products::record(&mut recorder);
    placing::record(&mut recorder, &mall);
    quoting::record(&mut recorder);
    paying::record(&mut recorder, &mall);
    cancelling::record(&mut recorder, &mall);
    reading::record(&mut recorder);
    members::record(&mut recorder, &mut mall);
    nowhere::record(&mut recorder);
    trouble::record(&mut recorder, &mut mall);
    strangers::record(&mut recorder, &mut mall);
    drop(mall);
    identities::record(&mut recorder);
    limited::record(&mut recorder);

    let exchanges = recorder.end();
    let unseen = unseen(&contract, &exchanges, NEVER_HEARD);
    assert!(
        unseen.is_empty(),
        "described in openapi.yaml, and never seen:\n{}",
        unseen.join("\n")
    );
    let book = Book::of(&contract, exchanges);
    let mut files = markdown::pages(&book).expect("the pages");
    files.push((
        "index.html".to_owned(),
        page::page(&book).expect("the page"),
    ));
    files.push((
        "openapi.json".to_owned(),
        examples::served(&contract, &book),
    ));
    let shelf = Shelf::new(&folder(), files);
    if is_refreshing() {
        shelf.write().expect("the pages' folder");
    }
    let differences = shelf.differences();
    assert!(
        differences.is_empty(),
        "the committed documents are not what the mall answers; `./mall docs` writes them anew:\n{}",
        differences.join("\n")
    );
}
