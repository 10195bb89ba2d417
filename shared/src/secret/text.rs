//! What counts as a secret's text, wherever it is from. Pure.

/// Why a text, or a file, is no secret. Its text is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    /// The file can't be read; with the cause.
    #[error("{0}")]
    Unreadable(String),
    /// Nothing, or white space.
    #[error("must not be empty")]
    Empty,
    /// A line break inside, above all.
    #[error("must not contain a line break or another control character")]
    Control,
    /// Too easy to find by trying.
    #[error("must have at least {0} characters")]
    Short(usize),
}

/// The secret that a variable or a file holds: at least so many bytes, and of one line. White space around it is cut, as of other settings:
/// a line break at the end comes from the file that it was read from.
pub(crate) fn secret_text(content: &str, least: usize) -> Result<&str, Flaw> {
    let text = cut(content);
    if text.is_empty() {
        Err(Flaw::Empty)
    } else if text.contains(char::is_control) {
        Err(Flaw::Control)
    } else if text.len() < least {
        Err(Flaw::Short(least))
    } else {
        Ok(text)
    }
}

/// Without white space around it, and without the byte order mark that some editors put in front.
pub(crate) fn cut(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}
