//! What `mall up` prints once everything runs: the addresses, and a purchase to try. Must not know how it was started.

use crate::run_file::RunFile;
use anyhow::{Context, Result};
use serde_json::Value;
use stack::{SAMPLE_CATALOGUE, SUPPORT_SCOPE, Stack};
use std::path::Path;
use terminal::tell as line;

const QUANTITY: u64 = 2;
/// A sample member.
const MEMBER: &str = "minji";

/// `folder` is the flag that names this mall to other commands; empty for the usual one.
pub(super) fn tell(stack: &Stack, run: &RunFile, folder: &str) -> Result<()> {
    line("\nThe mall is open.\n");
    for part in &run.parts {
        line(format!(
            "  {:<22} {:<28} pid {}",
            part.name, part.address, part.pid
        ));
    }
    line(format!("\n  logs  {}", stack.place().logs.display()));
    let member = match (&run.issuer, &run.proxy_secret) {
        (Some(_), _) => bearer(folder),
        (None, Some(file)) => by_proxy(file),
        (None, None) => String::new(),
    };
    line(format!(
        "\nBuy something:\n\n{}\n",
        purchase(stack.composite_url(), &member)?
    ));
    if let Some(issuer) = &run.issuer {
        line(format!(
            "Members come by token of {issuer}. `./mall token MEMBER{folder}` prints one; with --scope {SUPPORT_SCOPE} it is the support's.\n"
        ));
    }
    if let Some(file) = &run.proxy_secret {
        line(format!(
            "Members come by a proxy: X-Member-Id is believed beside the secret in {}.\n",
            file.display()
        ));
    }
    line("Ctrl-C stops everything.");
    Ok(())
}

/// The header that makes the purchase a member's; the shell asks for the token.
fn bearer(folder: &str) -> String {
    format!(" -H \"Authorization: Bearer $(./mall token {MEMBER}{folder})\"")
}

/// The headers by which a proxy names the member; the shell reads the secret, which is shown nowhere.
fn by_proxy(secret: &Path) -> String {
    format!(
        " -H 'X-Member-Id: {MEMBER}' -H \"X-Proxy-Secret: $(cat '{}')\"",
        secret.display()
    )
}

/// The shell makes a new payment key each time the line is pasted.
fn purchase(url: &str, member: &str) -> Result<String> {
    let amount = QUANTITY * price_of_item_1()?;
    Ok(format!(
        "curl -s -X POST {url}/open-api/order -H 'Content-Type: application/json'{member} -d '{{\
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
        let member = super::bearer("");
        let line = super::purchase("http://127.0.0.1:7000", &member).unwrap();
        assert!(line.contains("$(./mall token minji)"), "{line}");
        assert!(line.contains(r#""amount":{"amount":24000}"#), "{line}");
        let (_, body) = line.split_once("-d '").unwrap();
        let body = body.trim_end_matches('\'').replace("'$(date +%s%N)'", "1");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}
