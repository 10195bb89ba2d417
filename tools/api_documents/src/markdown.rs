//! The documents in Markdown: a page for each chapter, and an index of them.

use askama::Template;

use crate::book::{Book, Chapter};
use crate::view::View;

#[derive(Template)]
#[template(path = "chapter.md")]
struct ChapterPage<'a> {
    chapter: &'a Chapter,
}

#[derive(Template)]
#[template(path = "index.md")]
struct IndexPage<'a> {
    book: &'a Book,
}

/// The pages by their files' names.
///
/// # Errors
/// Those of the templates.
pub fn pages(book: &Book) -> Result<Vec<(String, String)>, askama::Error> {
    let index = ("README.md".to_owned(), IndexPage { book }.render()?);
    let chapters = book.chapters.iter().map(|chapter| {
        let page = ChapterPage { chapter }.render()?;
        Ok((format!("{}.md", chapter.slug), page))
    });
    std::iter::once(Ok(index)).chain(chapters).collect()
}

/// Text in a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
