//! The documents as one self-contained HTML page with an index and a search.

use askama::Template;

use crate::book::Book;
use crate::view::View;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    book: &'a Book,
}

/// The page.
///
/// # Errors
/// Those of the template.
pub fn page(book: &Book) -> Result<String, askama::Error> {
    Page { book }.render()
}

/// Text as markup, with what stands between backticks as code.
pub(crate) fn coded(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::contract::{Contract, SAMPLE};
    use crate::draft::{BASE, Draft};
    use crate::exchange::Exchange;
    use crate::markdown;

    fn book() -> Book {
        let contract = Contract::read(SAMPLE).unwrap();
        let draft = Draft::new("GET", "/thing/1", "A <thing>")
            .note("a | b")
            .with(&["name"]);
        let stdout = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":1,\"name\":\"<script>\",\"parts\":[]}";
        let exchange =
            Exchange::read(draft, BASE, stdout, "> GET /thing/1 HTTP/1.1\n> \n").unwrap();
        Book::of(&contract, vec![check(&contract, exchange).unwrap()])
    }

    mod html {
        use super::*;

        #[test]
        fn shows_exchanges_and_escapes_text() {
            let page = page(&book()).unwrap();
            let anchor = "getThing-a-thing";
            assert!(
                page.contains(&format!("<article id=\"{anchor}\"")),
                "{page}"
            );
            assert!(page.contains(&format!("<a href=\"#{anchor}\">A &#60;thing&#62;</a>")));
            assert!(!page.contains("\"<script>\""));
        }

        #[test]
        fn makes_code_of_backticks() {
            assert_eq!(coded("a < `b` & c"), "a &lt; <code>b</code> &amp; c");
        }

        #[test]
        fn fetches_nothing() {
            let page = page(&book()).unwrap();
            for elsewhere in ["src=", "https://", "@import", "url("] {
                assert!(!page.contains(elsewhere), "{elsewhere}");
            }
        }
    }

    #[test]
    fn markdown_is_an_index_and_a_page_for_each_chapter() {
        let pages = markdown::pages(&book()).unwrap();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["README.md", "things.md"]);
        assert!(pages[0].1.contains("(things.md#getThing-a-thing) (200)"));
        let chapter = &pages[1].1;
        for part in [
            "## Get a thing\n\n`GET /thing/{id}`\n",
            "### A <thing>\n\na | b\n\n```sh\ncurl -i 'http://127.0.0.1:7000/thing/1'\n```",
            "| `name` | string, optional | Its name |",
        ] {
            assert!(chapter.contains(part), "{part:?} is not in {chapter}");
        }
    }
}
