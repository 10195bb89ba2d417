//! Starts again what has ended by itself, as whatever runs the services in earnest would. Must not know why it ended.

use anyhow::Result;
use mall_cli::stack::Stack;
use std::time::Duration;

const READY_LIMIT: Duration = Duration::from_secs(60);

/// Starts again what has ended; one line for each.
pub(crate) fn keep(stack: &mut Stack) -> Result<Vec<String>> {
    let mut restarted = Vec::new();
    for child in stack.children() {
        if let Some(status) = child.exit_status()? {
            restarted.push(format!("{} ended by itself ({status})", child.name()));
            child.restart()?;
            if !child.ready_url().is_empty() {
                child.wait_ready(READY_LIMIT)?;
            }
        }
    }
    Ok(restarted)
}
