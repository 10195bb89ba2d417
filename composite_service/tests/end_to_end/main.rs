//! The whole mall as a shopper meets it: real processes, a real broker, a real database, HTTP from outside.
//!
//! Each behaviour runs on each mall: the embedded broker with one service of each kind, Kafka with two of each, and Kafka with MySQL.
//! A mall is started when its first test needs it, and ended, with everything it left, when all tests have run.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![expect(
    clippy::print_stderr,
    reason = "what was measured under faults, and what the parts have logged when a test fails"
)]

mod mall;
mod products;
mod purchases;
mod quotes;
mod payments;
mod cancelling;
mod idempotency;
mod contention;
mod traces;
mod spring_peers;
mod spring_order_service;
mod before_spring;
mod members;
mod my_page;
mod identities;
mod rights;
mod secrets;
mod away;
mod overload;
mod pending_limits;
mod load;
mod books;
mod faults;
mod documents;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use mall::{LazyMall, Mall};

/// A behaviour: its name, and the test that panics when the mall behaves otherwise.
type Behaviour = (&'static str, fn(&Mall));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let malls = mall::variants();
    let behaviours: Vec<Behaviour> = [
        products::BEHAVIOURS,
        purchases::BEHAVIOURS,
        quotes::BEHAVIOURS,
        payments::BEHAVIOURS,
        cancelling::BEHAVIOURS,
        idempotency::BEHAVIOURS,
        contention::BEHAVIOURS,
        traces::BEHAVIOURS,
        spring_peers::BEHAVIOURS,
        members::BEHAVIOURS,
    ]
    .concat();
    let mut trials: Vec<Trial> = malls
        .iter()
        .flat_map(|mall| behaviours.iter().map(|behaviour| trial(mall, *behaviour)))
        .collect();
    // These take a mall apart, so each has its own.
    trials.extend(away::trials());
    trials.extend(before_spring::trials());
    trials.extend(cancelling::trials());
    trials.extend(my_page::trials());
    trials.extend(identities::trials());
    trials.extend(rights::trials());
    trials.extend(secrets::trials());
    trials.extend(overload::trials());
    trials.extend(pending_limits::trials());
    trials.extend(faults::trials());
    trials.extend(documents::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(malls);
    conclusion.exit_code()
}

fn trial(mall: &Arc<LazyMall>, (name, behaves): Behaviour) -> Trial {
    let mall = Arc::clone(mall);
    Trial::test(format!("{}::{name}", mall.name()), move || {
        behaves(mall.open());
        Ok(())
    })
}
