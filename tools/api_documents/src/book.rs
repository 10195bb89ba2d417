//! The documents' content: chapters by the contract's tags, sections by its operations, in each the exchanges in their order.

use crate::check::Documented;
use crate::contract::Contract;
use crate::normal::Normal;

/// All that is documented.
#[derive(Debug)]
pub struct Book {
    /// The API's name.
    pub title: String,
    /// What it is.
    pub description: String,
    /// The chapters.
    pub chapters: Vec<Chapter>,
}

/// What belongs together.
#[derive(Debug)]
pub struct Chapter {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Its sections.
    pub sections: Vec<Section>,
}

/// One operation.
#[derive(Debug)]
pub struct Section {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Method and path; empty for what holds for every path.
    pub endpoint: String,
    /// What it does.
    pub description: String,
    /// What was exchanged.
    pub exchanges: Vec<Documented>,
}

impl Book {
    /// Orders the exchanges, and makes them the same in every run.
    #[must_use]
    pub fn of(contract: &Contract, exchanges: Vec<Documented>) -> Self {
        let text = |pointer: &str| {
            let found = contract.document().pointer(pointer);
            found
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let tags = contract.document()["tags"].as_array().map_or(0, Vec::len);
        let mut chapters: Vec<Chapter> = (0..tags)
            .map(|index| {
                let name = text(&format!("/tags/{index}/name"));
                Chapter {
                    title: capitalised(&name),
                    slug: name,
                    description: text(&format!("/tags/{index}/description")),
                    sections: Vec::new(),
                }
            })
            .collect();
        chapters.push(Chapter {
            slug: "every-path".to_owned(),
            title: "Every path".to_owned(),
            description: "What holds wherever a request goes".to_owned(),
            sections: Vec::new(),
        });
        let mut normal = Normal::default();
        for mut exchange in exchanges {
            normal.exchange(&mut exchange);
            let tag = exchange
                .operation
                .as_ref()
                .map(|operation| text(&format!("{}/tags/0", operation.pointer)));
            let slug = tag.unwrap_or_else(|| "every-path".to_owned());
            if let Some(chapter) = chapters.iter_mut().find(|chapter| chapter.slug == slug) {
                chapter.take(exchange);
            }
        }
        chapters.retain(|chapter| !chapter.sections.is_empty());
        Self {
            title: text("/info/title"),
            description: text("/info/description"),
            chapters,
        }
    }

    /// Every exchange, in the documents' order.
    pub fn exchanges(&self) -> impl Iterator<Item = &Documented> {
        let sections = self.chapters.iter().flat_map(|chapter| &chapter.sections);
        sections.flat_map(|section| &section.exchanges)
    }
}

impl Chapter {
    fn take(&mut self, exchange: Documented) {
        let section = Section::of(&exchange);
        let found = self
            .sections
            .iter()
            .position(|known| known.slug == section.slug);
        let index = found.unwrap_or_else(|| {
            self.sections.push(section);
            self.sections.len() - 1
        });
        self.sections[index].exchanges.push(exchange);
    }
}

impl Section {
    fn of(exchange: &Documented) -> Self {
        let exchanges = Vec::new();
        match &exchange.operation {
            Some(operation) => Self {
                slug: operation.id.clone(),
                title: operation.summary.clone(),
                endpoint: format!("{} {}", operation.method, operation.path),
                description: operation.description.clone(),
                exchanges,
            },
            None => Self {
                slug: "errors".to_owned(),
                title: "Requests that lead nowhere".to_owned(),
                endpoint: String::new(),
                description: "Every path works with and without a slash at its end. Every error has one body.".to_owned(),
                exchanges,
            },
        }
    }

    /// An exchange's name in addresses.
    #[must_use]
    pub fn anchor(&self, exchange: &Documented) -> String {
        let title = exchange.exchange.draft.title.to_lowercase();
        let words: Vec<&str> = title
            .split(|character: char| !character.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        format!("{}-{}", self.slug, words.join("-"))
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// JSON as people read it, its members in their order; any other text as it is.
#[must_use]
pub fn readable(body: &str) -> String {
    let mut pretty = Vec::new();
    let transcoded = serde_transcode::transcode(
        &mut serde_json::Deserializer::from_str(body),
        &mut serde_json::Serializer::pretty(&mut pretty),
    );
    match (transcoded, String::from_utf8(pretty)) {
        (Ok(()), Ok(text)) => text,
        _ => body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_broken_into_lines_in_its_order() {
        assert_eq!(
            readable(r#"{"b":12000,"a":[{"c":0.01}]}"#),
            "{\n  \"b\": 12000,\n  \"a\": [\n    {\n      \"c\": 0.01\n    }\n  ]\n}"
        );
        assert_eq!(readable("no json"), "no json");
    }
}
