//! The contract: an OpenAPI 3.1 document, by JSON pointers into it. Knows OpenAPI's structure, and nothing of exchanges.

use jsonschema::Validator;
use serde_json::{Value, json};

/// A part of the contract: the pointer to it, after its references were followed, and itself.
pub type Part<'a> = (String, &'a Value);

const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "head", "options"];

/// An OpenAPI document.
#[derive(Debug, Clone)]
pub struct Contract {
    document: Value,
}

/// A document that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidContract {
    /// It is no YAML.
    #[error("the contract is no YAML: {0}")]
    Yaml(#[from] serde_saphyr::Error),
}

/// One method of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its identity.
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path with its parameters' names.
    pub path: String,
    /// A short name.
    pub summary: String,
    /// What it does.
    pub description: String,
    /// Where it is in the document.
    pub pointer: String,
}

impl Contract {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn read(yaml: &str) -> Result<Self, InvalidContract> {
        Ok(Self {
            document: serde_saphyr::from_str(yaml)?,
        })
    }

    /// The document itself.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// All operations.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(path, item)| {
                let methods = METHODS.iter().filter(|method| item.get(**method).is_some());
                methods.map(|method| operation(path, method, &item[*method]))
            })
            .collect()
    }

    /// The operation that a request with this method and path calls.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        self.operations()
            .into_iter()
            .find(|operation| operation.method == method && is_of(path, &operation.path))
    }

    /// What the pointer names, after its `$ref`.
    #[must_use]
    pub fn part(&self, pointer: &str) -> Option<Part<'_>> {
        let value = self.document.pointer(pointer)?;
        match value["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
            Some(target) if value.as_object().is_some_and(|members| members.len() == 1) => {
                self.part(target)
            }
            _ => Some((pointer.to_owned(), value)),
        }
    }

    /// An operation's parameters.
    #[must_use]
    pub fn parameters(&self, operation: &Operation) -> Vec<Part<'_>> {
        let list = format!("{}/parameters", operation.pointer);
        let count = self
            .document
            .pointer(&list)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        (0..count)
            .filter_map(|index| self.part(&format!("{list}/{index}")))
            .collect()
    }

    /// Every schema that says something about `value`: the one at the pointer, those it refers to and is made of, and the alternatives that
    /// hold.
    #[must_use]
    pub fn applicable(&self, pointer: &str, value: &Value) -> Vec<Part<'_>> {
        let Some(schema) = self.document.pointer(pointer) else {
            return Vec::new();
        };
        let mut all = vec![(pointer.to_owned(), schema)];
        if let Some(target) = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
            all.extend(self.applicable(target, value));
        }
        for (keyword, is_choice) in [("allOf", false), ("anyOf", true), ("oneOf", true)] {
            for (index, part) in schema[keyword].as_array().into_iter().flatten().enumerate() {
                if !is_choice || self.faults_by(part, value).is_empty() {
                    all.extend(self.applicable(&format!("{pointer}/{keyword}/{index}"), value));
                }
            }
        }
        all
    }

    /// What is wrong with the value by the schema at the pointer.
    #[must_use]
    pub fn faults(&self, pointer: &str, value: &Value) -> Vec<String> {
        match self.document.pointer(pointer) {
            Some(schema) => self.faults_by(schema, value),
            None => vec![format!("there is no schema at {pointer}")],
        }
    }

    fn faults_by(&self, schema: &Value, value: &Value) -> Vec<String> {
        match self.validator(schema) {
            Ok(validator) => validator
                .iter_errors(value)
                .map(|error| format!("{} at {:?}", error, error.instance_path().to_string()))
                .collect(),
            Err(error) => vec![error],
        }
    }

    fn validator(&self, schema: &Value) -> Result<Validator, String> {
        let whole = json!({"allOf": [schema], "components": self.document["components"]});
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&whole)
            .map_err(|error| format!("no schema: {error}"))
    }
}

/// A member's name as a pointer has it.
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn operation(path: &str, method: &str, item: &Value) -> Operation {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    Operation {
        id: text("operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text("summary"),
        description: text("description"),
        pointer: format!("/paths/{}/{method}", escaped(path)),
    }
}

fn is_of(path: &str, template: &str) -> bool {
    let (path, template) = (path.trim_end_matches('/'), template.trim_end_matches('/'));
    let mut parts = path.split('/');
    let all_match = template.split('/').all(|wanted| {
        parts
            .next()
            .is_some_and(|part| wanted == part || (wanted.starts_with('{') && !part.is_empty()))
    });
    all_match && parts.next().is_none()
}

#[cfg(test)]
pub(crate) const SAMPLE: &str = r##"
openapi: 3.1.0
info: {title: Shop, version: "1"}
tags: [{name: things, description: All of them}]
paths:
  /thing/{id}:
    get:
      operationId: getThing
      tags: [things]
      summary: Get a thing
      description: As it stands.
      parameters:
        - {name: id, in: path, required: true, description: Which, schema: {type: integer}}
        - {name: size, in: query, description: How large, schema: {type: integer}}
      responses:
        "200":
          description: It
          headers:
            Link: {description: The next, schema: {type: string, pattern: "^<"}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Thing"}}
        "404": {$ref: "#/components/responses/Missing"}
    put:
      operationId: putThing
      tags: [things]
      summary: Put a thing
      description: As it shall stand.
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Thing"}}
      responses:
        "404": {$ref: "#/components/responses/Missing"}
components:
  responses:
    Missing:
      description: Nothing
      content:
        application/json:
          schema:
            allOf:
              - {$ref: "#/components/schemas/Problem"}
              - {properties: {reason: {enum: [GONE, NEVER]}}}
  schemas:
    Thing:
      type: object
      required: [id, parts]
      properties:
        id: {type: integer, description: Which}
        name: {type: string, description: Its name}
        parts: {type: array, description: Of what, items: {$ref: "#/components/schemas/Part"}}
        price:
          description: What it costs
          anyOf: [{$ref: "#/components/schemas/Money"}, {type: "null"}]
    Part:
      type: object
      required: [nr]
      properties:
        nr: {type: integer, description: Its number}
        undescribed: {type: string}
    Money:
      type: object
      required: [amount]
      properties:
        amount: {type: number, description: How much}
    Problem:
      type: object
      required: [reason]
      properties:
        reason: {type: string, description: Why}
"##;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_method_and_path() {
        let contract = Contract::read(SAMPLE).unwrap();
        let id = |method, path| contract.operation(method, path).map(|found| found.id);
        assert_eq!(id("GET", "/thing/1"), Some("getThing".to_owned()));
        assert_eq!(id("PUT", "/thing/1/"), Some("putThing".to_owned()));
        for (method, path) in [
            ("POST", "/thing/1"),
            ("GET", "/thing"),
            ("GET", "/thing/1/2"),
        ] {
            assert_eq!(id(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn values_are_held_to_references_and_alternatives() {
        let contract = Contract::read(SAMPLE).unwrap();
        let thing = "/components/schemas/Thing";
        let sound = json!({"id": 1, "parts": [{"nr": 1}], "price": null});
        assert_eq!(contract.faults(thing, &sound), Vec::<String>::new());
        for senseless in [
            json!({"id": 1}),
            json!({"id": 1, "parts": [{"nr": "x"}]}),
            json!({"id": 1, "parts": [], "price": {}}),
        ] {
            assert_eq!(contract.faults(thing, &senseless).len(), 1, "{senseless}");
        }
        assert!(!contract.faults("/nowhere", &sound).is_empty());
    }

    #[test]
    fn an_alternative_that_does_not_match_says_nothing_about_the_value() {
        let contract = Contract::read(SAMPLE).unwrap();
        let price = "/components/schemas/Thing/properties/price";
        let pointers = |value| -> Vec<String> {
            let parts = contract.applicable(price, &value);
            parts.into_iter().map(|(pointer, _)| pointer).collect()
        };
        assert_eq!(
            pointers(json!({"amount": 1})).last().unwrap(),
            "/components/schemas/Money"
        );
        assert_eq!(
            pointers(Value::Null).last().unwrap(),
            "/components/schemas/Thing/properties/price/anyOf/1"
        );
    }
}
