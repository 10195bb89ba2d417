//! The members of a body, in their order, each with what the contract says of it. What the contract does not describe is a fault.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::contract::{Contract, Part, escaped};

/// One member of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it is: `orderLineList[].item.itemId`.
    pub path: String,
    /// Its type, as JSON Schema names it.
    pub kind: String,
    /// Whether it may be left out.
    pub is_optional: bool,
    /// What it is.
    pub description: String,
}

/// What was found in a body.
#[derive(Debug, Default)]
pub struct Members {
    /// The members.
    pub all: Vec<Member>,
    /// Pointers to the parts of the contract that were met.
    pub seen: BTreeSet<String>,
    /// What is not described.
    pub faults: Vec<String>,
}

impl Members {
    /// Reads a JSON body by the schema at the pointer.
    #[must_use]
    pub fn read(contract: &Contract, schema: &str, body: &str) -> Self {
        let mut members = Self::default();
        match serde_json::from_str::<&RawValue>(body) {
            Ok(raw) => members.visit(contract, &[schema.to_owned()], raw, ""),
            Err(error) => members
                .faults
                .push(format!("the body is not JSON: {error}")),
        }
        members
    }

    fn visit(&mut self, contract: &Contract, schemas: &[String], raw: &RawValue, path: &str) {
        let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let parts: Vec<Part<'_>> = schemas
            .iter()
            .flat_map(|schema| contract.applicable(schema, &value))
            .collect();
        for (pointer, part) in &parts {
            if part["enum"].is_array() {
                self.seen.insert(choice(pointer, &value));
            }
        }
        if let Ok(members) = serde_json::from_str::<IndexMap<String, &RawValue>>(raw.get()) {
            for (name, child) in members {
                self.member(contract, &parts, &name, child, path);
            }
        } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            let schemas = below(&parts, "items");
            for element in elements {
                self.visit(contract, &schemas, element, &format!("{path}[]"));
            }
        }
    }

    fn member(
        &mut self,
        contract: &Contract,
        parts: &[Part<'_>],
        name: &str,
        raw: &RawValue,
        path: &str,
    ) {
        let path = match path {
            "" => name.to_owned(),
            _ => format!("{path}.{name}"),
        };
        let schemas = below(parts, &format!("properties/{}", escaped(name)));
        let described = schemas
            .iter()
            .find_map(|schema| contract.document().pointer(schema)?["description"].as_str());
        let Some(description) = described else {
            self.faults.push(format!("{path} is not described"));
            return;
        };
        let is_required = |(_, part): &Part<'_>| {
            let mut required = part["required"].as_array().into_iter().flatten();
            required.any(|required| required == name)
        };
        let member = Member {
            path: path.clone(),
            kind: kind(contract, &schemas[0]),
            is_optional: !parts.iter().any(is_required),
            description: description.to_owned(),
        };
        self.seen.extend(schemas.iter().cloned());
        if !self.all.contains(&member) {
            self.all.push(member);
        }
        self.visit(contract, &schemas, raw, &path);
    }
}

/// How the choice of one value among a schema's is named.
#[must_use]
pub fn choice(schema: &str, value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    format!("{schema}/enum/{text}")
}

fn below(parts: &[Part<'_>], way: &str) -> Vec<String> {
    parts
        .iter()
        .filter(|(_, part)| part.pointer(&format!("/{way}")).is_some())
        .map(|(pointer, _)| format!("{pointer}/{way}"))
        .collect()
}

/// A schema's type in words.
#[must_use]
pub fn kind(contract: &Contract, pointer: &str) -> String {
    let Some(schema) = contract.document().pointer(pointer) else {
        return String::new();
    };
    let named = |value: &Value| value.as_str().map(str::to_owned);
    let mut kinds: Vec<String> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(named).collect(),
        one => named(one).into_iter().collect(),
    };
    for keyword in ["anyOf", "oneOf"] {
        let count = schema[keyword].as_array().map_or(0, Vec::len);
        kinds.extend(
            (0..count).map(|index| kind(contract, &format!("{pointer}/{keyword}/{index}"))),
        );
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
        kinds.push(kind(contract, target));
    }
    let example = schema["enum"].get(0).or_else(|| schema.get("const"));
    if let Some(example) = example.filter(|_| kinds.is_empty()) {
        kinds.push(
            if example.is_string() {
                "string"
            } else {
                "integer"
            }
            .to_owned(),
        );
    }
    kinds.dedup();
    kinds.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SAMPLE;

    fn read(body: &str) -> Members {
        let contract = Contract::read(SAMPLE).unwrap();
        Members::read(&contract, "/components/schemas/Thing", body)
    }

    #[test]
    fn members_keep_their_order_and_get_type_and_description() {
        let members =
            read(r#"{"parts":[{"nr":1},{"nr":2}],"price":{"amount":1},"id":1,"name":"x"}"#);
        assert_eq!(members.faults, Vec::<String>::new());
        let told: Vec<(&str, &str, bool, &str)> = members
            .all
            .iter()
            .map(|member| {
                (
                    member.path.as_str(),
                    member.kind.as_str(),
                    member.is_optional,
                    member.description.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("parts", "array", false, "Of what"),
                ("parts[].nr", "integer", false, "Its number"),
                ("price", "object or null", true, "What it costs"),
                ("price.amount", "number", false, "How much"),
                ("id", "integer", false, "Which"),
                ("name", "string", true, "Its name"),
            ]
        );
    }

    #[test]
    fn a_member_without_description_is_a_fault() {
        assert_eq!(
            read(r#"{"id":1,"parts":[{"nr":1,"undescribed":"x"}],"secret":1}"#).faults,
            [
                "parts[].undescribed is not described",
                "secret is not described"
            ]
        );
        assert_eq!(read("{").faults.len(), 1);
    }
}
