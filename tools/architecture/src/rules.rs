//! Rules for single files: which names a folder may not name, what it may import, how long a file may be.

use crate::source::SourceFile;
use crate::syntax::{Module, NamedPath};

/// The most lines of a file, without its inline tests and with them.
const MAX_LINES: usize = 400;
const MAX_LINES_WITH_TESTS: usize = 600;

/// A rule. Folders and files are relative to `src`, with `/` at a folder's end; `""` is all of it.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// What is under `within`, save what is under `save`, does not name these.
    Bans {
        /// Where the rule holds.
        within: &'static [&'static str],
        /// Where it does not.
        save: &'static [&'static str],
        /// Crates, or paths such as `Utc::now`.
        names: &'static [&'static str],
        /// The reason, for whoever breaks it.
        because: &'static str,
    },
    /// What is under `within` imports only what begins so.
    ImportsOnly {
        /// Where the rule holds.
        within: &'static [&'static str],
        /// The beginnings of what may be imported.
        from: &'static [&'static str],
        /// The reason, for whoever breaks it.
        because: &'static str,
    },
}

/// What is wrong with one file, each with its place and the reason of the rule. Every file begins with `//!` and keeps to the limits.
pub(crate) fn violations(file: &SourceFile, rules: &[Rule]) -> Vec<String> {
    let names = Names::of(file);
    let mut found = Vec::new();
    let mut tell = |line: usize, what: String, because: &str| {
        found.push(format!("src/{}:{line} {what}: {because}", file.name))
    };

    if !file.text.starts_with("//!") {
        tell(
            1,
            "does not begin with //!".into(),
            "a file says first what it is for",
        );
    }
    for (limit, count, part) in lengths(file) {
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
                names: banned,
                because,
            } if is_under(&file.name, within) && !is_under(&file.name, save) => {
                for name in *banned {
                    if let Some(line) = names.line_of(name) {
                        tell(line, format!("names {name}"), because);
                    }
                }
            }
            Rule::ImportsOnly {
                within,
                from,
                because,
            } if is_under(&file.name, within) => {
                for import in names.imports_beyond(from) {
                    let what = format!("imports {}", import.segments.join("::"));
                    tell(import.line, what, because);
                }
            }
            Rule::Bans { .. } | Rule::ImportsOnly { .. } => {}
        }
    }
    found
}

fn lengths(file: &SourceFile) -> [(usize, usize, &'static str); 2] {
    let all = file.text.lines().count();
    let production = all.saturating_sub(file.syntax.test_lines);
    [
        (MAX_LINES, production, "without its inline tests"),
        (MAX_LINES_WITH_TESTS, all, "with its inline tests"),
    ]
}

fn is_under(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        file == *place || place.is_empty() || (place.ends_with('/') && file.starts_with(place))
    })
}

/// All paths of a file from their roots: with `self`, `super` and what the file imports or declares resolved.
struct Names {
    imports: Vec<NamedPath>,
    mentions: Vec<NamedPath>,
}

impl Names {
    fn of(file: &SourceFile) -> Self {
        let (mut imports, mut mentions) = (Vec::new(), Vec::new());
        for module in &file.syntax.modules {
            let here = [file.module(), module.inner.clone()].concat();
            let paths = module.imports.iter().map(|import| &import.path);
            imports.extend(paths.map(|path| resolved(path, &here)));
            let rooted = module.mentions.iter().map(|path| rooted(path, module));
            mentions.extend(rooted.map(|path| resolved(&path, &here)));
        }
        Self { imports, mentions }
    }

    /// A crate is named by an import that begins with it or by a longer path, `Utc::now` by a path that contains it.
    fn line_of(&self, name: &str) -> Option<usize> {
        let wanted: Vec<&str> = name.split("::").collect();
        let contains = |path: &NamedPath| {
            let mut windows = path.segments.windows(wanted.len());
            windows.any(|window| window == wanted)
        };
        let begins = |path: &NamedPath| path.segments.first().is_some_and(|first| first == name);
        let is_crate = wanted.len() == 1;
        let imports = self.imports.iter().filter(|path| {
            if is_crate {
                begins(path)
            } else {
                contains(path)
            }
        });
        let mentions = self.mentions.iter().filter(|path| {
            if is_crate {
                begins(path) && path.segments.len() > 1
            } else {
                contains(path)
            }
        });
        imports.chain(mentions).map(|path| path.line).min()
    }

    fn imports_beyond<'a>(&'a self, from: &'a [&str]) -> impl Iterator<Item = &'a NamedPath> {
        let is_allowed = |import: &NamedPath| {
            from.iter().any(|start| {
                let mut parts = start.split("::").enumerate();
                parts.all(|(index, part)| {
                    import
                        .segments
                        .get(index)
                        .is_some_and(|segment| segment == part)
                })
            })
        };
        self.imports
            .iter()
            .filter(move |import| !is_allowed(import))
    }
}

/// The path with its first segment replaced by what that means in the module: `e::g` after `use a::f as e` is `a::f::g`.
fn rooted(path: &NamedPath, module: &Module) -> NamedPath {
    let Some((first, rest)) = path.segments.split_first() else {
        return path.clone();
    };
    let import = module
        .imports
        .iter()
        .find(|import| import.name.as_ref() == Some(first));
    let is_child = module.children.iter().any(|child| child.name == *first);
    let root = match import {
        _ if path.is_external => vec![first.clone()],
        Some(import) => import.path.segments.clone(),
        None if is_child => vec!["self".to_owned(), first.clone()],
        None => vec![first.clone()],
    };
    NamedPath {
        segments: [&root, rest].concat(),
        ..path.clone()
    }
}

fn resolved(path: &NamedPath, module: &[String]) -> NamedPath {
    let supers = path
        .segments
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    let segments = match path.segments.first().map(String::as_str) {
        Some("super") => [
            &module[..module.len().saturating_sub(supers).max(1)],
            &path.segments[supers..],
        ]
        .concat(),
        // alone it is a method's receiver
        Some("self") if path.segments.len() > 1 => [module, &path.segments[1..]].concat(),
        _ => path.segments.clone(),
    };
    NamedPath {
        segments,
        ..path.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, SourceFile, violations};

    const NONE: [&str; 0] = [];

    const PURE: &[Rule] = &[Rule::Bans {
        within: &["domain/"],
        save: &["domain/shell.rs"],
        names: &["log", "std::env", "Utc::now", "crate::outbound"],
        because: "pure",
    }];

    const PORTS: &[Rule] = &[Rule::ImportsOnly {
        within: &["ports/"],
        from: &["std", "crate::domain", "crate::ports"],
        because: "inward",
    }];

    fn found(file: &str, code: &str, rules: &[Rule]) -> Vec<String> {
        violations(&SourceFile::new(file, &format!("//! Text.\n{code}")), rules)
    }

    mod bans {
        use super::{NONE, PURE, found};

        #[test]
        fn tell_line_and_reason_for_the_name_in_any_form() {
            for code in [
                "use log::error;",
                "use ::log;",
                "fn f() { log::error!(\"no\") }",
                "fn f() -> DateTime<Utc> { chrono::Utc::now() }",
                "fn f() -> usize { Vec::<log::Level>::new().len() }",
                "fn f() { select! { now = chrono::Utc::now() => {} } }",
                "#[derive(log::Loud)] struct A;",
                "#[table(name = crate::outbound::a)] struct A;",
                "use std::{fs, env::var};",
                "use std::{env};",
                "use crate::{domain::x, outbound::{a, b}};",
                "use super::super::outbound::mysql;",
                "fn f() { super::super::outbound::mysql::g() }",
                "mod inner { use super::super::super::outbound::mysql; }",
                "use crate as all; fn f() { all::outbound::g() }",
                "const A: char = '\"'; use log::warn;",
                "const A: &str = r#\"\"\"#; use log::warn;",
            ] {
                let found = found("domain/order.rs", code, PURE);
                assert_eq!(found.len(), 1, "{code}: {found:?}");
                assert!(
                    found[0].starts_with("src/domain/order.rs:2 names ")
                        && found[0].ends_with(": pure"),
                    "{found:?}"
                );
            }
        }

        #[test]
        fn ignore_comments_literals_variables_and_tests() {
            for code in [
                "// log::error",
                "/* use log; */",
                "/// Not by `std::env`.\nstruct A;",
                "const A: &str = \"use log::error;\";",
                "const A: &str = r#\"log::error\"#;",
                "fn f<'a>(log: &'a str) -> usize { log.len() }",
                "use crate::domain::log; fn f() { log::g() }",
                "mod log; fn f() { log::g() }",
                "struct A; impl A { fn f(&self) { self.g() } }",
                "#[cfg(test)]\nmod tests { use log::error; }",
                "#[cfg(test)]\nuse log::error;",
                "struct A; impl A { #[cfg(test)] fn f() { log::error() } }",
            ] {
                assert_eq!(found("domain/order.rs", code, PURE), NONE, "{code}");
            }
        }

        #[test]
        fn hold_only_within_their_folders() {
            for file in ["domain/shell.rs", "domains.rs"] {
                assert_eq!(found(file, "use log::error;", PURE), NONE);
            }
        }
    }

    #[test]
    fn imports_from_elsewhere_are_told_one_by_one() {
        let code = "use std::sync::Arc;\nuse super::order_store::StoreError;\nuse crate::{domain::order, actors::x};\nuse tokio::sync;";
        let expected = [
            "src/ports/catalogue.rs:4 imports crate::actors::x: inward",
            "src/ports/catalogue.rs:5 imports tokio::sync: inward",
        ];
        assert_eq!(found("ports/catalogue.rs", code, PORTS), expected);
    }

    mod every_file {
        use super::{NONE, SourceFile, found, violations};

        fn code(production: usize, tests: usize) -> String {
            let body = "const A: u8 = 0;\n";
            format!(
                "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
                body.repeat(production),
                body.repeat(tests)
            )
        }

        #[test]
        fn keeps_to_the_limits_of_lines() {
            assert_eq!(found("a.rs", &code(390, 190), &[]), NONE);
            let long = found("a.rs", &code(401, 0), &[]);
            assert!(long[0].contains("without its inline tests"), "{long:?}");
            let long = found("a.rs", &code(390, 300), &[]);
            assert!(long[0].contains("with its inline tests"), "{long:?}");
        }

        #[test]
        fn begins_with_its_purpose() {
            let found = violations(&SourceFile::new("a.rs", "fn f() {}"), &[]);
            assert!(found[0].contains("does not begin with //!"), "{found:?}");
        }
    }
}
