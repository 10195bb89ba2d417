//! The contract as it is served: JSON, with what was exchanged as its examples.

use serde_json::{Map, Value, json};

use crate::book::Book;
use crate::check::Documented;
use crate::contract::{Contract, escaped};

/// The served document, in lines.
#[must_use]
pub fn served(contract: &Contract, book: &Book) -> String {
    let mut document = contract.document().clone();
    for documented in book.exchanges() {
        add(contract, &mut document, documented);
    }
    format!("{document:#}\n")
}

fn add(contract: &Contract, document: &mut Value, documented: &Documented) {
    let (exchange, Some(operation)) = (&documented.exchange, &documented.operation) else {
        return;
    };
    let draft = &exchange.draft;
    let response = format!("{}/responses/{}", operation.pointer, draft.status);
    if let Some((pointer, _)) = contract.part(&response) {
        let kind = exchange.response.header("content-type").unwrap_or_default();
        let content = format!("{pointer}/content/{}", escaped(kind));
        insert(document, &content, &draft.title, &exchange.response.body);
    }
    if !exchange.request.body.is_empty() && draft.is_sound && draft.status == 200 {
        let content = format!(
            "{}/requestBody/content/application~1json",
            operation.pointer
        );
        insert(document, &content, &draft.title, &exchange.request.body);
    }
}

fn insert(document: &mut Value, content: &str, title: &str, body: &str) {
    let Some(Value::Object(content)) = document.pointer_mut(content) else {
        return;
    };
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let examples = content
        .entry("examples")
        .or_insert_with(|| Value::Object(Map::new()));
    examples[title.replace(|c: char| !c.is_ascii_alphanumeric(), "-")] =
        json!({"summary": title, "value": value});
}
