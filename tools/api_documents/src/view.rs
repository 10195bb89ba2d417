//! An exchange as both kinds of pages show it. Knows no markup.

use crate::book::{Section, readable};
use crate::check::Documented;
use crate::draft::{BASE, Body};
use crate::exchange::Message;
use crate::members::Member;

/// The longest body that is shown.
const MAX_SHOWN: usize = 4_000;

/// One exchange.
pub(crate) struct View<'a> {
    pub(crate) anchor: String,
    pub(crate) title: &'a str,
    pub(crate) note: &'a str,
    pub(crate) status: u16,
    /// Whether the status is a success.
    pub(crate) is_success: bool,
    pub(crate) command: String,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) tables: Vec<Table<'a>>,
}

/// Members with their descriptions.
pub(crate) struct Table<'a> {
    pub(crate) title: &'static str,
    pub(crate) rows: &'a [Member],
}

impl<'a> View<'a> {
    pub(crate) fn of(section: &Section, documented: &'a Documented) -> Self {
        let exchange = &documented.exchange;
        let draft = &exchange.draft;
        let tables = [
            ("Parameters", &documented.parameters),
            ("Request fields", &documented.request),
            ("Response headers", &documented.headers),
            ("Response fields", &documented.response),
        ];
        Self {
            anchor: section.anchor(documented),
            title: &draft.title,
            note: &draft.note,
            status: draft.status,
            is_success: draft.status < 300,
            command: draft.command(BASE),
            request: request(&exchange.request, draft.body.as_ref()),
            response: whole(&exchange.response, &readable(&exchange.response.body)),
            tables: tables
                .into_iter()
                .filter(|(_, rows)| !rows.is_empty())
                .map(|(title, rows)| Table { title, rows })
                .collect(),
        }
    }
}

fn request(message: &Message, body: Option<&Body>) -> String {
    match body {
        Some(Body::InFile { name, content }) if content.len() > MAX_SHOWN => {
            whole(message, &format!("({} bytes of {name})", content.len()))
        }
        _ => whole(message, &message.body),
    }
}

fn whole(message: &Message, body: &str) -> String {
    if body.is_empty() {
        message.head()
    } else {
        format!("{}\n\n{body}", message.head())
    }
}
