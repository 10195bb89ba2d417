//! Whether an exchange keeps to the contract: only one that does is documented.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::contract::{Contract, Operation, Part, escaped};
use crate::exchange::{Exchange, Message};
use crate::members::{Member, Members, choice, kind};

/// The body of answers that belong to no operation.
const PROBLEM: &str = "/components/schemas/Problem";
/// The one content type that schemas stand under; `application/problem+json` has the same.
const JSON: &str = "application/json";
const JSON_TYPES: &[&str] = &[JSON, "application/problem+json"];

/// An exchange that keeps to the contract, with what the contract says of it.
#[derive(Debug, Clone)]
pub struct Documented {
    /// The exchange.
    pub exchange: Exchange,
    /// What was called; nothing where the path or the method leads nowhere.
    pub operation: Option<Operation>,
    /// The request's parameters: in path, query and headers.
    pub parameters: Vec<Member>,
    /// The request body's members; none where the request is senseless.
    pub request: Vec<Member>,
    /// The answer's headers that are of the API.
    pub headers: Vec<Member>,
    /// The answer's members.
    pub response: Vec<Member>,
    /// Pointers to the parts of the contract that were met.
    pub seen: BTreeSet<String>,
}

/// An exchange that is not documented, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{title:?} is not documented:\n  {}\n{answer}", faults.join("\n  "))]
pub struct Refused {
    title: String,
    faults: Vec<String>,
    answer: String,
}

/// Holds an exchange to the contract.
///
/// # Errors
/// Everything in which it does not keep to it.
pub fn check(contract: &Contract, exchange: Exchange) -> Result<Documented, Refused> {
    let draft = &exchange.draft;
    let mut examiner = Examiner {
        contract,
        faults: Vec::new(),
        seen: BTreeSet::new(),
    };
    let operation = contract.operation(draft.method, draft.path());
    examiner.status(&exchange);
    let (parameters, request) = match &operation {
        Some(operation) => examiner.request(operation, &exchange),
        None => (Vec::new(), Vec::new()),
    };
    let (headers, response) = examiner.response(operation.as_ref(), &exchange);
    examiner.optional(&draft.optional, &headers, &response);
    if examiner.faults.is_empty() {
        Ok(Documented {
            operation,
            parameters,
            request,
            headers,
            response,
            seen: examiner.seen,
            exchange,
        })
    } else {
        Err(Refused {
            title: draft.title.clone(),
            faults: examiner.faults,
            answer: format!("{}\n\n{}", exchange.response.head(), exchange.response.body),
        })
    }
}

struct Examiner<'a> {
    contract: &'a Contract,
    faults: Vec<String>,
    seen: BTreeSet<String>,
}

impl Examiner<'_> {
    fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    fn status(&mut self, exchange: &Exchange) {
        let (wanted, got) = (exchange.draft.status, exchange.status());
        if got != Some(wanted) {
            self.fault(format!("it was answered {got:?}, not {wanted}"));
        }
        if !exchange.draft.is_sound && !(400..500).contains(&wanted) {
            self.fault("a senseless request is the client's error");
        }
    }

    fn request(
        &mut self,
        operation: &Operation,
        exchange: &Exchange,
    ) -> (Vec<Member>, Vec<Member>) {
        let schema = format!(
            "{}/requestBody/content/{}/schema",
            operation.pointer,
            escaped(JSON)
        );
        let parameters = self.parameters(operation, exchange);
        let body = &exchange.request.body;
        if body.is_empty() || !exchange.draft.is_sound {
            return (parameters, Vec::new());
        }
        (parameters, self.body(&schema, body, "request"))
    }

    fn parameters(&mut self, operation: &Operation, exchange: &Exchange) -> Vec<Member> {
        let draft = &exchange.draft;
        let mut told = Vec::new();
        let mut queries: BTreeSet<&str> = draft.query().map(|(name, _)| name).collect();
        for (pointer, parameter) in self.contract.parameters(operation) {
            let name = parameter["name"].as_str().unwrap_or_default();
            let is_there = match parameter["in"].as_str() {
                Some("path") => true,
                Some("query") => queries.remove(name),
                _ => exchange.request.header(name).is_some(),
            };
            if is_there {
                told.push(self.told(name, (pointer, parameter)));
            }
        }
        for name in queries {
            self.fault(format!("the query's {name} is not described"));
        }
        told
    }

    fn told(&mut self, name: &str, (pointer, part): Part<'_>) -> Member {
        let description = part["description"].as_str().unwrap_or_default();
        if description.is_empty() {
            self.fault(format!("{name} is not described"));
        }
        let member = Member {
            path: name.to_owned(),
            kind: kind(self.contract, &format!("{pointer}/schema")),
            is_optional: part["required"] != true,
            description: description.to_owned(),
        };
        self.seen.insert(pointer);
        member
    }

    fn response(
        &mut self,
        operation: Option<&Operation>,
        exchange: &Exchange,
    ) -> (Vec<Member>, Vec<Member>) {
        let answer = &exchange.response;
        let kind = answer.header("content-type").unwrap_or_default();
        let Some(operation) = operation else {
            self.kind(kind);
            return (Vec::new(), self.body(PROBLEM, &answer.body, "answer"));
        };
        let pointer = format!("{}/responses/{}", operation.pointer, exchange.draft.status);
        let Some((described, part)) = self.contract.part(&pointer) else {
            self.fault(format!("{pointer} is not described"));
            return (Vec::new(), Vec::new());
        };
        self.seen.insert(pointer);
        let headers = self.headers(&described, part, answer);
        if part["content"].is_null() {
            if !answer.body.is_empty() {
                self.fault(format!("{described} has no content"));
            }
            return (headers, Vec::new());
        }
        self.kind(kind);
        if part["content"].get(kind).is_none() {
            self.fault(format!("{described} has no content of {kind}"));
        }
        let schema = format!("{described}/content/{}/schema", escaped(JSON));
        (headers, self.body(&schema, &answer.body, "answer"))
    }

    fn kind(&mut self, kind: &str) {
        if !JSON_TYPES.contains(&kind) {
            self.fault(format!("{kind:?} is not described"));
        }
    }

    fn headers(&mut self, described: &str, part: &Value, answer: &Message) -> Vec<Member> {
        let contract = self.contract;
        let mut told = Vec::new();
        for (name, _) in part["headers"].as_object().into_iter().flatten() {
            let pointer = format!("{described}/headers/{}", escaped(name));
            let Some((pointer, header)) = contract.part(&pointer) else {
                continue;
            };
            if let Some(value) = answer.header(name) {
                let schema = format!("{pointer}/schema");
                for fault in contract.faults(&schema, &Value::from(value)) {
                    self.fault(format!("{name}: {fault}"));
                }
                let choices = contract.applicable(&schema, &Value::from(value));
                let choices = choices
                    .into_iter()
                    .filter(|(_, part)| part["enum"].is_array());
                self.seen
                    .extend(choices.map(|(pointer, _)| choice(&pointer, &Value::from(value))));
                told.push(self.told(name, (pointer, header)));
            } else if header["required"] == true {
                self.fault(format!("{name} is described, and absent"));
            }
        }
        for (name, _) in &answer.headers {
            let is_told = |member: &Member| member.path.eq_ignore_ascii_case(name);
            let is_general =
                ["content-type", "allow", "vary"].contains(&name.to_lowercase().as_str());
            if !is_general && !told.iter().any(is_told) {
                self.fault(format!("the header {name} is not described"));
            }
        }
        told
    }

    fn body(&mut self, schema: &str, body: &str, whose: &str) -> Vec<Member> {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        for fault in self.contract.faults(schema, &value) {
            self.fault(format!("the {whose}: {fault}"));
        }
        let members = Members::read(self.contract, schema, body);
        for fault in members.faults {
            self.fault(format!("the {whose}: {fault}"));
        }
        self.seen.extend(members.seen);
        members.all
    }

    /// What may be left out is there exactly where it was said to be.
    fn optional(&mut self, expected: &[&str], headers: &[Member], members: &[Member]) {
        let found: BTreeSet<&str> = headers
            .iter()
            .chain(members)
            .filter(|member| member.is_optional)
            .map(|member| member.path.as_str())
            .collect();
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        for absent in expected.difference(&found) {
            self.faults
                .push(format!("{absent} is described, and absent"));
        }
        for unexpected in found.difference(&expected) {
            self.faults.push(format!(
                "{unexpected} is there, and not described for this answer"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::SAMPLE;
    use crate::draft::Draft;

    fn answered(draft: Draft, status: &str, headers: &[(&str, &str)], body: &str) -> Exchange {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let json = ("content-type".to_owned(), JSON.to_owned());
        Exchange {
            request: Message {
                start: "GET / HTTP/1.1".to_owned(),
                headers: draft.headers.clone(),
                body: draft
                    .body
                    .as_ref()
                    .map(|body| body.content().to_owned())
                    .unwrap_or_default(),
            },
            response: Message {
                start: format!("HTTP/1.1 {status}"),
                headers: std::iter::once(json).chain(headers).collect(),
                body: body.to_owned(),
            },
            draft,
        }
    }

    fn faults(exchange: Exchange) -> Vec<String> {
        let contract = Contract::read(SAMPLE).unwrap();
        match check(&contract, exchange) {
            Ok(_) => Vec::new(),
            Err(refused) => refused.faults,
        }
    }

    const THING: &str = r#"{"id":1,"parts":[]}"#;

    fn get() -> Draft {
        Draft::new("GET", "/thing/1", "t")
    }

    #[test]
    fn a_matching_exchange_is_documented_with_its_parts() {
        let contract = Contract::read(SAMPLE).unwrap();
        let draft = Draft::new("GET", "/thing/1?size=2", "t").with(&["name", "Link"]);
        let body = r#"{"id":1,"name":"x","parts":[]}"#;
        let exchange = answered(draft, "200 OK", &[("link", "<?x>")], body);
        let documented = check(&contract, exchange).unwrap();
        let names = |members: &[Member]| -> Vec<String> {
            members.iter().map(|member| member.path.clone()).collect()
        };
        assert_eq!(names(&documented.parameters), ["id", "size"]);
        assert_eq!(names(&documented.headers), ["Link"]);
        assert_eq!(names(&documented.response), ["id", "name", "parts"]);
        assert!(
            documented
                .seen
                .contains("/paths/~1thing~1{id}/get/responses/200")
        );
    }

    mod refused {
        use super::*;

        #[test]
        fn when_a_described_member_is_absent() {
            let absent = get().with(&["name"]);
            assert_eq!(
                faults(answered(absent, "200 OK", &[], THING)),
                ["name is described, and absent"]
            );
            assert_eq!(
                faults(answered(get(), "200 OK", &[], r#"{"id":1}"#)).len(),
                1
            );
        }

        #[test]
        fn when_a_member_or_header_is_not_described() {
            let secret = r#"{"id":1,"parts":[],"secret":1}"#;
            assert_eq!(
                faults(answered(get(), "200 OK", &[], secret)),
                ["the answer: secret is not described"]
            );
            assert_eq!(
                faults(answered(get(), "200 OK", &[("x-new", "1")], THING)),
                ["the header x-new is not described"]
            );
            let named = r#"{"id":1,"parts":[],"name":"x"}"#;
            assert_eq!(
                faults(answered(get(), "200 OK", &[], named)),
                ["name is there, and not described for this answer"]
            );
        }

        #[test]
        fn when_the_answer_is_another() {
            assert_eq!(
                faults(answered(get(), "500 Oh", &[], THING)),
                ["it was answered Some(500), not 200"]
            );
            assert_eq!(
                faults(answered(get().answered(409), "409 No", &[], THING)),
                ["/paths/~1thing~1{id}/get/responses/409 is not described"]
            );
            let missing = get().answered(404);
            assert_eq!(
                faults(answered(missing, "404 No", &[], r#"{"reason":"OTHER"}"#)).len(),
                1
            );
            assert_eq!(
                faults(answered(get(), "200 OK", &[("link", "x")], THING)).len(),
                2
            );
        }
    }

    #[test]
    fn an_invalid_request_must_be_marked_as_such() {
        let put = || Draft::new("PUT", "/thing/1", "t").json(r#"{"id":"one","parts":[]}"#);
        let gone = r#"{"reason":"GONE"}"#;
        assert_eq!(
            faults(answered(put().answered(404), "404 No", &[], gone)).len(),
            1
        );
        assert_eq!(
            faults(answered(put().senseless(404), "404 No", &[], gone)),
            Vec::<String>::new()
        );
        let query = Draft::new("GET", "/thing/1?colour=red", "t");
        assert_eq!(
            faults(answered(query, "200 OK", &[], THING)),
            ["the query's colour is not described"]
        );
    }
}
