//! Panics, off the logs of our own programs. Must not know what they mean.

use stack::Stack;
use std::fs;

const WORDS: &str = "panicked at";

/// A line for each panic since the mall was started. A log that is not there has none.
pub(crate) fn panics(stack: &Stack) -> Vec<String> {
    let services = stack.http_services();
    services
        .iter()
        .flat_map(|service| {
            let log = fs::read(service.log()).unwrap_or_default();
            panics_in(service.name(), &String::from_utf8_lossy(&log))
        })
        .collect()
}

/// Where, and in the line below, what.
fn panics_in(service: &str, log: &str) -> Vec<String> {
    let lines = log.lines();
    let below = lines.clone().skip(1).chain([""]);
    lines
        .zip(below)
        .filter(|(line, _)| line.contains(WORDS))
        .map(|(line, below)| format!("{service}: {} {}", line.trim(), below.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_panic_is_found_with_its_message() {
        let log = "INFO ready\nthread 'main' panicked at src/app.rs:7:3:\nno clock\nINFO stopped\n\
            thread 'b' panicked at src/b.rs:1:1:";
        assert_eq!(
            panics_in("order-service", log),
            [
                "order-service: thread 'main' panicked at src/app.rs:7:3: no clock",
                "order-service: thread 'b' panicked at src/b.rs:1:1: "
            ]
        );
        assert!(panics_in("order-service", "INFO ready\n").is_empty());
    }
}
