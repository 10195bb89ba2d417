//! What the contract describes but no exchange has shown: a document must not promise it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Documented;
use crate::contract::{Contract, escaped};
use crate::members::choice;

/// Pointers to answers, parameters, headers, members and choices that no exchange has met, save those that begin as one of `exempt`.
#[must_use]
pub fn unseen(contract: &Contract, exchanges: &[Documented], exempt: &[&str]) -> Vec<String> {
    let seen: BTreeSet<&String> = exchanges
        .iter()
        .flat_map(|exchange| &exchange.seen)
        .collect();
    promised(contract)
        .into_iter()
        .filter(|pointer| !seen.contains(pointer))
        .filter(|pointer| !exempt.iter().any(|exempt| pointer.starts_with(exempt)))
        .collect()
}

fn promised(contract: &Contract) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for operation in contract.operations() {
        let answers = format!("{}/responses", operation.pointer);
        let statuses = contract
            .document()
            .pointer(&answers)
            .and_then(Value::as_object);
        for status in statuses.into_iter().flatten().map(|(status, _)| status) {
            all.insert(format!("{answers}/{status}"));
        }
        all.extend(
            contract
                .parameters(&operation)
                .into_iter()
                .map(|(pointer, _)| pointer),
        );
    }
    collect(contract, "", contract.document(), &mut all);
    all
}

/// Headers, members and choices, wherever they stand. What is under `application/problem+json` stands under `application/json`, too.
fn collect(contract: &Contract, pointer: &str, value: &Value, all: &mut BTreeSet<String>) {
    for choices in value["enum"].as_array().into_iter().flatten() {
        if !pointer.contains("/not") {
            all.insert(choice(pointer, choices));
        }
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let below = format!("{pointer}/{}", escaped(name));
                if pointer.ends_with("/headers") {
                    all.extend(contract.part(&below).map(|(pointer, _)| pointer));
                }
                if pointer.ends_with("/properties") {
                    all.insert(below.clone());
                }
                if name != "application/problem+json" {
                    collect(contract, &below, member, all);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(contract, &format!("{pointer}/{index}"), element, all);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SAMPLE;

    #[test]
    fn without_exchanges_all_but_the_exempt_is_unseen() {
        let contract = Contract::read(SAMPLE).unwrap();
        let unseen = unseen(&contract, &[], &["/components/schemas"]);
        assert_eq!(
            unseen,
            [
                "/components/responses/Missing/content/application~1json/schema/allOf/1/properties/reason",
                "/components/responses/Missing/content/application~1json/schema/allOf/1/properties/reason/enum/GONE",
                "/components/responses/Missing/content/application~1json/schema/allOf/1/properties/reason/enum/NEVER",
                "/paths/~1thing~1{id}/get/parameters/0",
                "/paths/~1thing~1{id}/get/parameters/1",
                "/paths/~1thing~1{id}/get/responses/200",
                "/paths/~1thing~1{id}/get/responses/200/headers/Link",
                "/paths/~1thing~1{id}/get/responses/404",
                "/paths/~1thing~1{id}/put/responses/404",
            ]
        );
    }
}
