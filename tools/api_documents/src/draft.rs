//! A request that is to be documented, and what it must be answered. Knows curl's command line, and runs nothing.

use std::fmt::Write;

/// Where the documents say that the mall is.
pub const BASE: &str = "http://127.0.0.1:7000";

/// A request's body, and how the command shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// In the command itself.
    Shown(String),
    /// In a file beside it, for what is too long to be read.
    InFile {
        /// The file's name.
        name: String,
        /// Its content.
        content: String,
    },
}

impl Body {
    /// What is sent.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::Shown(content) | Self::InFile { content, .. } => content,
        }
    }
}

/// The request and the answer that it must get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it shows, in a few words: unique among an operation's exchanges.
    pub title: String,
    /// What a reader should know besides. May be empty.
    pub note: String,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Body>,
    /// Whether the request keeps to the contract.
    pub is_sound: bool,
    /// The status that it must be answered with.
    pub status: u16,
    /// Exactly those of the answer's optional members and headers that must be there.
    pub optional: Vec<&'static str>,
}

impl Draft {
    /// A request that keeps to the contract and is answered with 200.
    #[must_use]
    pub fn new(method: &'static str, target: impl Into<String>, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            note: String::new(),
            method,
            target: target.into(),
            headers: Vec::new(),
            body: None,
            is_sound: true,
            status: 200,
            optional: Vec::new(),
        }
    }

    /// With what a reader should know besides.
    #[must_use]
    pub fn note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, text: impl Into<String>) -> Self {
        let mut draft = self.header("Content-Type", "application/json");
        draft.body = Some(Body::Shown(text.into()));
        draft
    }

    /// With a body from a file.
    #[must_use]
    pub fn file(mut self, name: &str, content: String) -> Self {
        self.body = Some(Body::InFile {
            name: name.to_owned(),
            content,
        });
        self
    }

    /// Violates the contract, and is answered with this status.
    #[must_use]
    pub fn senseless(mut self, status: u16) -> Self {
        self.is_sound = false;
        self.answered(status)
    }

    /// Is answered with this status.
    #[must_use]
    pub fn answered(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Exactly these of the answer's optional members (`orderLineList[].item.name`) and headers (`Link`) must be there.
    #[must_use]
    pub fn with(mut self, optional: &[&'static str]) -> Self {
        self.optional = optional.to_vec();
        self
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// The names and values of the query.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The command that makes this request at `base`; it shows the answer's head, too.
    #[must_use]
    pub fn command(&self, base: &str) -> String {
        let mut command = String::from("curl -i");
        if self.method != "GET" || self.body.is_some() {
            command += " -X ";
            command += self.method;
        }
        let _ = write!(command, " {}", quoted(&format!("{base}{}", self.target)));
        for (name, value) in &self.headers {
            let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
        match &self.body {
            Some(Body::Shown(text)) => {
                let _ = write!(command, " \\\n  -d {}", quoted(text));
            }
            Some(Body::InFile { name, .. }) => {
                let _ = write!(command, " \\\n  --data-binary @{name}");
            }
            None => {}
        }
        command
    }
}

/// A word of a shell's command line.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let draft = Draft::new("POST", "/open-api/order?x=1", "t").json("{\"name\": \"it's\"}");
        assert_eq!(
            draft.command(BASE),
            "curl -i -X POST 'http://127.0.0.1:7000/open-api/order?x=1' \\\n  -H 'Content-Type: application/json' \\\n  \
             -d '{\"name\": \"it'\\''s\"}'"
        );
        assert_eq!(Draft::new("GET", "/a", "t").command(""), "curl -i '/a'");
    }

    #[test]
    fn path_and_query_are_told_apart() {
        let draft = Draft::new("GET", "/a/b?after=2&limit", "t");
        assert_eq!(draft.path(), "/a/b");
        assert_eq!(
            draft.query().collect::<Vec<_>>(),
            [("after", "2"), ("limit", "")]
        );
    }
}
