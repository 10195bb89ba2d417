//! Reads an exchange from curl's output: `-i` prints the answer to standard output, `-v` the request to standard error.

use crate::draft::{BASE, Draft};

/// Headers of a connection, a clock or a client: no part of the API.
const UNTOLD: &[&str] = &["content-length", "connection", "date", "user-agent"];

/// A request or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    /// The headers in their order, save those of the connection.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: String,
}

impl Message {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(is_it)
            .map(|(_, value)| value.as_str())
    }

    /// Start line and headers.
    #[must_use]
    pub fn head(&self) -> String {
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        std::iter::once(self.start.clone())
            .chain(lines)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// A request that was made, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was to be documented.
    pub draft: Draft,
    /// What was sent.
    pub request: Message,
    /// What came back.
    pub response: Message,
}

/// Output that is not that of one exchange.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("curl's output has no complete exchange:\n{0}")]
pub struct NoExchange(String);

impl Exchange {
    /// Reads the output of `draft`'s command at `base`.
    ///
    /// # Errors
    /// When a request or an answer is not in it.
    pub fn read(draft: Draft, base: &str, stdout: &str, stderr: &str) -> Result<Self, NoExchange> {
        let incomplete = || NoExchange(format!("{stderr}{stdout}"));
        let sent: Vec<&str> = stderr
            .lines()
            .filter_map(|line| line.strip_prefix("> "))
            .map(str::trim_end)
            .take_while(|line| !line.is_empty())
            .collect();
        let (head, body) = stdout.split_once("\r\n\r\n").ok_or_else(incomplete)?;
        let mut request = message(&sent).ok_or_else(incomplete)?;
        if let Some(sent) = &draft.body {
            sent.content().clone_into(&mut request.body);
        }
        for (name, value) in &mut request.headers {
            if name.eq_ignore_ascii_case("host") {
                *value = authority(BASE).to_owned();
            }
        }
        let mut response =
            message(&head.split("\r\n").collect::<Vec<_>>()).ok_or_else(incomplete)?;
        response.body = body.replace(base, BASE);
        // A server's order of headers is no promise.
        response.headers.sort();
        Ok(Self {
            draft,
            request,
            response,
        })
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response.start.split(' ').nth(1)?.parse().ok()
    }
}

fn authority(base: &str) -> &str {
    base.trim_start_matches("http://")
}

fn message(lines: &[&str]) -> Option<Message> {
    let (start, headers) = lines.split_first()?;
    let headers = headers
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .filter(|(name, _)| !UNTOLD.contains(&name.to_lowercase().as_str()))
        .collect();
    Some(Message {
        start: start.trim_end().to_owned(),
        headers,
        body: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDERR: &str = "*   Trying 127.0.0.1:1\n> GET /a HTTP/1.1\r\n> Host: 127.0.0.1:9\r\n> User-Agent: curl/7\r\n> Accept: */*\r\n> \r\n< HTTP/1.1 200 OK\r\n";
    const STDOUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: today\r\nlink: <?after=1>; rel=\"next\"\r\nallow: GET\r\n\r\n{}";

    #[test]
    fn both_messages_are_read_without_headers_of_the_connection() {
        let draft = Draft::new("GET", "/a", "t");
        let exchange = Exchange::read(draft, "http://127.0.0.1:9", STDOUT, STDERR).unwrap();
        assert_eq!(
            exchange.request.head(),
            "GET /a HTTP/1.1\nHost: 127.0.0.1:7000\nAccept: */*"
        );
        assert_eq!(exchange.status(), Some(200));
        assert_eq!(
            exchange.response.header("Link"),
            Some("<?after=1>; rel=\"next\"")
        );
        assert_eq!(
            exchange.response.head(),
            "HTTP/1.1 200 OK\nallow: GET\nlink: <?after=1>; rel=\"next\""
        );
        assert_eq!(exchange.response.body, "{}");
    }

    #[test]
    fn without_an_answer_there_is_no_exchange() {
        let draft = Draft::new("GET", "/a", "t");
        assert!(Exchange::read(draft.clone(), BASE, "", STDERR).is_err());
        assert!(Exchange::read(draft, BASE, STDOUT, "curl: (7) refused").is_err());
    }
}
