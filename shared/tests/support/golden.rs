//! Records as they stand in `shared/tests/golden`, byte for byte. Included by the tests of both ends of the wire.
//!
//! A file has the record's key (or null), its headers in their order and its value. A header's bytes are text, or hexadecimal after
//! `hex:`. The value's bytes are those between the member's name and the closing brace: the file must not be reformatted.

#![expect(
    clippy::unwrap_used,
    reason = "a golden file that can't be read is a failed test"
)]

use std::fs;
use std::path::Path;

use rdkafka::message::{Header, Headers, OwnedHeaders};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Golden {
    pub(crate) key: Option<String>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) value: String,
}

impl Golden {
    /// The record in the file of that name.
    pub(crate) fn read(name: &str) -> Self {
        #[derive(Deserialize)]
        struct File {
            key: Option<String>,
            headers: Vec<(String, String)>,
            value: Box<RawValue>,
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../shared/tests/golden/{name}.json"));
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let File {
            key,
            headers,
            value,
        } = serde_json::from_str(&text).unwrap();
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name, bytes(&value)))
            .collect();
        Self {
            key,
            headers,
            value: value.get().to_owned(),
        }
    }

    /// The headers as a producer takes them.
    pub(crate) fn kafka_headers(&self) -> OwnedHeaders {
        let insert = |all: OwnedHeaders, (key, value): &(String, Vec<u8>)| {
            all.insert(Header {
                key,
                value: Some(value),
            })
        };
        self.headers.iter().fold(OwnedHeaders::new(), insert)
    }
}

/// A record's headers as a golden file has them.
pub(crate) fn pairs<H: Headers>(headers: &H) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|header| {
            (
                header.key.to_owned(),
                header.value.unwrap_or_default().to_vec(),
            )
        })
        .collect()
}

fn bytes(text: &str) -> Vec<u8> {
    match text.strip_prefix("hex:") {
        Some(digits) => {
            let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            (0..digits.len()).step_by(2).map(pair).collect()
        }
        None => text.as_bytes().to_vec(),
    }
}
