//! Panics, off the logs. Only our own programs write of one like this. Must not know what they mean.

use anyhow::{Context, Result};
use stack::Stack;
use std::fs;
use std::path::Path;

const WORDS: &str = "panicked at";

/// A line for each panic since the mall was started, of instances that have left, too.
///
/// # Errors
/// When the logs can't be read.
pub(crate) fn panics(stack: &Stack) -> Result<Vec<String>> {
    let folder = &stack.place().logs;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| unreadable(folder))? {
        let log = entry?.path();
        let name = log.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read(&log).with_context(|| unreadable(&log))?;
        found.extend(panics_in(&name, &String::from_utf8_lossy(&text)));
    }
    Ok(found)
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}", path.display())
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
