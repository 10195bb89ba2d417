//! What `mall up` prints once everything runs: the addresses, and a purchase to try. Must not know how it was started.

use crate::run_file::RunFile;
use anyhow::{Context, Result};
use serde_json::Value;
use stack::{SAMPLE_CATALOGUE, Stack};
use terminal::tell as line;

const QUANTITY: u64 = 2;

pub(super) fn tell(stack: &Stack, run: &RunFile) -> Result<()> {
    line("\nThe mall is open.\n");
    for part in &run.parts {
        line(format!(
            "  {:<22} {:<28} pid {}",
            part.name, part.address, part.pid
        ));
    }
    line(format!("\n  logs  {}", stack.place().logs.display()));
    line(format!(
        "\nBuy something:\n\n{}\n",
        purchase(stack.composite_url())?
    ));
    line("Ctrl-C stops everything.");
    Ok(())
}

/// The shell makes a new payment key each time the line is pasted.
fn purchase(url: &str) -> Result<String> {
    let amount = QUANTITY * price_of_item_1()?;
    Ok(format!(
        "curl -s -X POST {url}/open-api/order -H 'Content-Type: application/json' -d '{{\
         \"orderLineList\":[{{\"item\":{{\"itemId\":1}},\"quantity\":{QUANTITY}}}],\"couponId\":null,\
         \"payment\":{{\"paymentKey\":\"pay-'$(date +%s%N)'\",\"amount\":{{\"amount\":{amount}}}}}}}'"
    ))
}

fn price_of_item_1() -> Result<u64> {
    let catalogue: Value =
        serde_json::from_str(SAMPLE_CATALOGUE).context("the sample catalogue is not JSON")?;
    let item = &catalogue["products"][0]["items"][0];
    item["price"]
        .as_u64()
        .context("the sample catalogue's first item has no price")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_purchase_pays_what_two_of_item_1_cost() {
        let line = super::purchase("http://127.0.0.1:7000").unwrap();
        assert!(line.contains(r#""amount":{"amount":24000}"#), "{line}");
        let (_, body) = line.split_once("-d '").unwrap();
        let body = body.trim_end_matches('\'').replace("'$(date +%s%N)'", "1");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}
