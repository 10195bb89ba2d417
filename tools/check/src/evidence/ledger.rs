//! The payment gateway's own ledger, over HTTP. Must not know what it should say.

use crate::evidence::{Money, Movement};
use crate::won::won_of_json;
use anyhow::{Context, Result, bail};
use chrono::DateTime;
use serde_json::Value;
use stack::Stack;
use std::collections::BTreeMap;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);
const MAX_BYTES: u64 = 1 << 30;

/// Every movement of money, by order.
pub(crate) fn ledger(stack: &Stack) -> Result<BTreeMap<String, Vec<Movement>>> {
    let agent: ureq::Agent = stack::direct(LIMIT).build().into();
    let mut answer = agent
        .get(format!("{}/ledger", stack.payment_url()))
        .call()
        .context("cannot read the payment ledger")?;
    let text = answer
        .body_mut()
        .with_config()
        .limit(MAX_BYTES)
        .read_to_string()
        .context("cannot read the payment ledger")?;
    let body: Value = serde_json::from_str(&text).context("the payment ledger is not JSON")?;
    let entries = body["entries"]
        .as_array()
        .context("the payment ledger has no entries")?;
    let mut movements: BTreeMap<String, Vec<Movement>> = BTreeMap::new();
    for entry in entries {
        let (order, movement) =
            movement(entry).with_context(|| format!("not a movement of money: {entry}"))?;
        movements.entry(order).or_default().push(movement);
    }
    Ok(movements)
}

fn movement(entry: &Value) -> Result<(String, Movement)> {
    let text = |name: &str| entry[name].as_str().with_context(|| format!("no {name}"));
    let money = match text("kind")? {
        "CHARGED" => Money::Charged,
        "DECLINED" => Money::Declined,
        "CANCELED" => Money::Canceled,
        other => bail!("{other}"),
    };
    let movement = Movement {
        at: DateTime::parse_from_rfc3339(text("at")?)?.timestamp_millis(),
        money,
        payment: text("paymentKey")?.to_owned(),
        amount: won_of_json(&entry["amount"])?,
    };
    Ok((text("orderId")?.to_owned(), movement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_of_an_unknown_kind_is_refused() {
        let mut entry = json!({"sequence": 1, "at": "2026-11-23T01:02:03.004Z", "kind": "CHARGED",
            "paymentKey": "p", "orderId": "2026", "amount": 24_000});
        let (order, found) = movement(&entry).unwrap();
        assert_eq!(order, "2026");
        assert_eq!((found.money, found.amount), (Money::Charged, 24_000));
        assert_eq!(found.at % 1_000, 4);
        entry["kind"] = "GIVEN".into();
        assert!(movement(&entry).is_err());
    }
}
