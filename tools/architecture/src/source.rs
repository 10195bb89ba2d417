//! The files of a crate, read and parsed.

use crate::syntax::Syntax;
use std::fs;
use std::path::Path;

/// A file below `src`.
pub(crate) struct SourceFile {
    /// Relative to `src`, as in `domain/order.rs`.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) syntax: Syntax,
}

impl SourceFile {
    /// Panics when that is not Rust.
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let parsed = syn::parse_file(text)
            .unwrap_or_else(|error| panic!("src/{name} can't be parsed: {error}"));
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            syntax: Syntax::of(&parsed),
        }
    }

    /// The path of the module that the file is: `inbound/kafka/decode.rs` is `crate::inbound::kafka::decode`.
    pub(crate) fn module(&self) -> Vec<String> {
        let path = self.name.trim_end_matches(".rs");
        let inner = path
            .split('/')
            .filter(|part| !matches!(*part, "lib" | "main" | "mod"));
        ["crate"]
            .into_iter()
            .chain(inner)
            .map(str::to_owned)
            .collect()
    }
}

/// All files below `src` of the crate at `manifest_dir`, by name. Panics when there is none, or one that can't be read.
pub(crate) fn read(manifest_dir: &str) -> Vec<SourceFile> {
    let src = Path::new(manifest_dir).join("src");
    let mut files = Vec::new();
    collect(&src, "", &mut files);
    assert!(!files.is_empty(), "no source below {}", src.display());
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
            files.push(SourceFile::new(&format!("{prefix}{name}"), &text));
        }
    }
}
