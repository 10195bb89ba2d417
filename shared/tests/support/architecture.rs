//! Holds a crate's source to a table of rules: which names a folder may not name, what it may import, how long a file may be.
//! Included by each crate's `tests/architecture.rs`. Reads text, not types: comments, literals and inline tests count for nothing.

#![allow(dead_code, reason = "each crate uses the rules that it needs")]
#![expect(
    clippy::unwrap_used,
    reason = "source that can't be read is a failed test"
)]

use std::fs;
use std::path::Path;

/// The most lines of a file, without its inline tests and with them.
const MAX_LINES: usize = 400;
const MAX_LINES_WITH_TESTS: usize = 600;

/// A rule. Folders and files are relative to `src`, `/` at a folder's end; `""` is all of it.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// What is under `within`, save what is under `save`, does not name these: crates, or paths such as `Utc::now`.
    Bans {
        within: &'static [&'static str],
        save: &'static [&'static str],
        names: &'static [&'static str],
        because: &'static str,
    },
    /// What is under `within` imports only what begins so.
    ImportsOnly {
        within: &'static [&'static str],
        from: &'static [&'static str],
        because: &'static str,
    },
}

/// Scans `src` of the crate at `manifest_dir`, and panics with every violation.
pub(crate) fn hold(manifest_dir: &str, rules: &[Rule]) {
    let src = Path::new(manifest_dir).join("src");
    let mut files = Vec::new();
    collect(&src, &src, &mut files);
    assert!(files.len() > 1, "nothing to scan under {}", src.display());
    let violations: Vec<String> = files
        .iter()
        .flat_map(|(file, text)| violations(file, text, rules))
        .collect();
    assert!(
        violations.is_empty(),
        "{} rules are broken:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// What is wrong with one file, each with its place and the reason of the rule.
pub(crate) fn violations(file: &str, text: &str, rules: &[Rule]) -> Vec<String> {
    let production = text.split("\n#[cfg(test)]").next().unwrap_or(text);
    let tokens = tokens(production);
    let (paths, imports) = (paths(&tokens), imports(&tokens, &module_of(file)));
    let mut found = Vec::new();
    let mut tell = |line: usize, what: String, because: &str| {
        found.push(format!("src/{file}:{line} {what}: {because}"))
    };

    if !text.starts_with("//!") {
        tell(
            1,
            "does not begin with //!".into(),
            "a file says first what it is for",
        );
    }
    for (count, limit, part) in [
        (
            production.lines().count(),
            MAX_LINES,
            "before its inline tests",
        ),
        (
            text.lines().count(),
            MAX_LINES_WITH_TESTS,
            "with its inline tests",
        ),
    ] {
        if count > limit {
            tell(
                limit,
                format!("has {count} lines {part}"),
                "a file has one responsibility; split it",
            );
        }
    }
    for rule in rules {
        match rule {
            Rule::Bans {
                within,
                save,
                names,
                because,
            } if is_under(file, within) && !is_under(file, save) => {
                for name in *names {
                    let banned = paths.iter().chain(&imports).find(|path| path.names(name));
                    if let Some(path) = banned {
                        tell(path.line, format!("names {name}"), because);
                    }
                }
            }
            Rule::ImportsOnly {
                within,
                from,
                because,
            } if is_under(file, within) => {
                for import in imports
                    .iter()
                    .filter(|import| !from.iter().any(|start| import.begins_with(start)))
                {
                    tell(
                        import.line,
                        format!("imports {}", import.segments.join("::")),
                        because,
                    );
                }
            }
            Rule::Bans { .. } | Rule::ImportsOnly { .. } => {}
        }
    }
    found
}

fn collect(src: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(src, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn is_under(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        file == *place || place.is_empty() || (place.ends_with('/') && file.starts_with(place))
    })
}

/// `inbound/kafka/decode.rs` is `crate::inbound::kafka::decode`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let inner = path
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "main" | "mod"));
    ["crate"]
        .into_iter()
        .chain(inner)
        .map(str::to_owned)
        .collect()
}

/// A path in the code, from its root.
#[derive(Debug)]
struct NamedPath {
    line: usize,
    segments: Vec<String>,
    is_import: bool,
}

impl NamedPath {
    /// A crate is named by a path that begins with it, `Utc::now` by one that contains it.
    fn names(&self, name: &str) -> bool {
        let wanted: Vec<&str> = name.split("::").collect();
        match wanted[..] {
            [root] => self.segments[0] == root && (self.is_import || self.segments.len() > 1),
            _ => self
                .segments
                .windows(wanted.len())
                .any(|window| window == wanted),
        }
    }

    fn begins_with(&self, start: &str) -> bool {
        start.split("::").enumerate().all(|(index, part)| {
            self.segments
                .get(index)
                .is_some_and(|segment| segment == part)
        })
    }
}

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        self.text == text
    }

    fn is_word(&self) -> bool {
        self.text
            .starts_with(|first: char| first.is_alphanumeric() || first == '_')
    }
}

/// Words, `::` and single characters; no comments, no contents of literals.
fn tokens(code: &str) -> Vec<Token> {
    let (mut found, mut rest, mut line) = (Vec::new(), code, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest, 1),
            'r' | 'b' if raw_hashes(rest).is_some() => raw_literal(rest),
            '\'' if rest[1..].starts_with('\\') => quoted(rest, 1),
            '\'' if rest[1..].chars().nth(1) == Some('\'') => {
                2 + rest[1..].chars().next().map_or(0, char::len_utf8)
            }
            ':' if rest.starts_with("::") => 2,
            first if first.is_alphanumeric() || first == '_' => rest
                .find(|next: char| !next.is_alphanumeric() && next != '_')
                .unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        let (text, after) = rest.split_at(length);
        let is_code = !first.is_whitespace() && !text.starts_with("//") && !text.starts_with("/*");
        let is_literal = matches!(first, '"' | '\'') && length > 1 || raw_hashes(text).is_some();
        if is_code && !is_literal {
            found.push(Token {
                line,
                text: text.to_owned(),
            });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// The length of a literal that begins with `opening` bytes and ends with the same quote.
fn quoted(rest: &str, opening: usize) -> usize {
    let quote = rest.as_bytes()[opening - 1];
    let mut is_escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(opening) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            _ if byte == quote => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How many `#` a raw string literal begins with; `None` when this is none.
fn raw_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn raw_literal(rest: &str) -> usize {
    let end = format!("\"{}", "#".repeat(raw_hashes(rest).unwrap_or(0)));
    let start = rest.find('"').map_or(rest.len(), |quote| quote + 1);
    rest[start..]
        .find(&end)
        .map_or(rest.len(), |length| start + length + end.len())
}

/// Every `a::b::c` as it stands in the code.
fn paths(tokens: &[Token]) -> Vec<NamedPath> {
    let mut found: Vec<NamedPath> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if !tokens[index].is_word() {
            index += 1;
            continue;
        }
        let mut path = NamedPath {
            line: tokens[index].line,
            segments: vec![tokens[index].text.clone()],
            is_import: false,
        };
        while index + 2 < tokens.len() && tokens[index + 1].is("::") && tokens[index + 2].is_word()
        {
            path.segments.push(tokens[index + 2].text.clone());
            index += 2;
        }
        index += 1;
        found.push(path);
    }
    found
}

/// Every imported path, with braces unfolded and `self` and `super` resolved.
fn imports(tokens: &[Token], module: &[String]) -> Vec<NamedPath> {
    let mut found = Vec::new();
    for start in (0..tokens.len()).filter(|index| tokens[*index].is("use")) {
        unfold(&tokens[start + 1..], &[], &mut found);
    }
    for import in &mut found {
        import.segments = resolved(&import.segments, module);
    }
    found
}

/// Reads one tree of a `use` item up to its `,`, `}` or `;`, and returns how many tokens it has.
fn unfold(tokens: &[Token], prefix: &[String], found: &mut Vec<NamedPath>) -> usize {
    let mut segments = prefix.to_vec();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            "{" => {
                index += 1;
                while tokens.get(index).is_some_and(|token| !token.is("}")) {
                    index += unfold(&tokens[index..], &segments, found);
                    index += usize::from(tokens.get(index).is_some_and(|token| token.is(",")));
                }
                return index + 1;
            }
            "," | "}" | ";" => break,
            "as" => index += 1,
            "::" => {}
            part => segments.push(part.to_owned()),
        }
        index += 1;
    }
    let line = tokens.first().map_or(0, |token| token.line);
    found.push(NamedPath {
        line,
        segments,
        is_import: true,
    });
    index
}

fn resolved(segments: &[String], module: &[String]) -> Vec<String> {
    let supers = segments
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    match segments.first().map(String::as_str) {
        Some("super") => [
            &module[..module.len().saturating_sub(supers).max(1)],
            &segments[supers..],
        ]
        .concat(),
        Some("self") => [module, &segments[1..]].concat(),
        _ => segments.to_vec(),
    }
}
