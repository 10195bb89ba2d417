//! Circles: files that use each other's items in a loop. Such files can only be understood, tested and moved together.
//!
//! A re-export (`pub use`) is no use: it hands a name on, and whoever takes it uses the file that defines the item.

use crate::modules::ModuleTree;
use crate::source::SourceFile;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::collections::BTreeMap;

/// From which file to which other, by index: the items that are used, and the first line of each.
type Uses = BTreeMap<(usize, usize), BTreeMap<String, usize>>;

/// Every circle, with the lines that close it.
pub(crate) fn violations(files: &[SourceFile]) -> Vec<String> {
    let uses = uses(files);
    let circles = circles(&uses);
    circles
        .iter()
        .map(|circle| told(circle, &uses, files))
        .collect()
}

fn uses(files: &[SourceFile]) -> Uses {
    let mut uses = Uses::new();
    for tree in ["lib.rs", "main.rs"]
        .into_iter()
        .filter_map(|root| ModuleTree::of(files, root))
    {
        for (module, home) in tree.modules() {
            let imports = home.module.imports.iter();
            let taken = imports
                .filter(|import| !import.is_reexport)
                .map(|import| &import.path);
            for path in taken.chain(&home.module.mentions) {
                let items = tree.definitions(module, path).into_iter();
                for item in items.filter(|item| item.file != home.file) {
                    let used = uses.entry((home.file, item.file)).or_default();
                    used.entry(item.name).or_insert(path.line);
                }
            }
        }
    }
    uses
}

/// The files of each circle, in the order of their names.
fn circles(uses: &Uses) -> Vec<Vec<usize>> {
    let edges = uses.keys().map(|(from, to)| (*from as u32, *to as u32));
    let graph = DiGraph::<(), ()>::from_edges(edges);
    let mut circles: Vec<Vec<usize>> = tarjan_scc(&graph)
        .into_iter()
        .map(|component| component.into_iter().map(|file| file.index()).collect())
        .filter(|component: &Vec<usize>| component.len() > 1)
        .collect();
    for circle in &mut circles {
        circle.sort_unstable();
    }
    circles.sort();
    circles
}

fn told(circle: &[usize], uses: &Uses, files: &[SourceFile]) -> String {
    let name = |file: &usize| files[*file].name.as_str();
    let names: Vec<&str> = circle.iter().map(name).collect();
    let closing = uses
        .iter()
        .filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
    let lines = closing.map(|((from, to), items)| {
        let line = items.values().min().unwrap_or(&0);
        let items: Vec<&str> = items.keys().map(String::as_str).collect();
        let (from, to) = (name(from), name(to));
        format!("\n    src/{from}:{line} uses {} of {to}", items.join(", "))
    });
    let lines: String = lines.collect();
    format!("a circle of {}:{lines}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, violations};

    /// What is told of these files, of which each is its name and its text.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(name, text)| SourceFile::new(name, text))
            .collect();
        violations(&files)
    }

    /// A crate of `a.rs` and `b.rs`, where `a` uses `b`.
    fn with(b: &str) -> Vec<String> {
        let files = [
            ("a.rs", "use crate::b::B;\npub struct A;"),
            ("b.rs", b),
            ("lib.rs", "mod a; mod b; mod c;"),
            ("c.rs", "pub use crate::a::A as Face;"),
        ];
        found(&files)
    }

    mod between_siblings {
        use super::with;

        #[test]
        fn a_use_in_any_form_closes_the_circle() {
            for code in [
                "use crate::a::A;",
                "use super::a::A;",
                "use crate::{a::{A}, c};",
                "use super::a;\nfn f(_: a::A) {}",
                "use super::*;\nfn f(_: a::A) {}",
                "fn f(_: crate::a::A) {}",
                "fn f() { use crate::a::A; }",
                "mod inner { use super::super::a::A; }",
                "fn f() { log!(crate::a::A); }",
                "#[derive(crate::a::A)] struct C;",
                "fn f() -> u8 { crate::a::A::new() }",
                "fn f() { crate::a::made_by_a_macro() }",
            ] {
                let found = with(code);
                assert_eq!(found.len(), 1, "{code}: {found:?}");
                assert!(
                    found[0].starts_with("a circle of a.rs, b.rs:\n"),
                    "{found:?}"
                );
                assert!(found[0].contains("src/a.rs:1 uses B of b.rs"), "{found:?}");
                assert!(found[0].contains("src/b.rs:"), "{found:?}");
            }
        }

        #[test]
        fn a_reexport_stands_for_the_file_that_defines_the_item() {
            let found = with("use crate::c::Face;");
            assert!(found[0].contains("src/b.rs:1 uses A of a.rs"), "{found:?}");
        }

        #[test]
        fn what_uses_nothing_of_the_other_closes_none() {
            for code in [
                "use a::A;",
                "use ::a::A;",
                "use crate::c;",
                "use crate::a;",
                "/// [`crate::a::A`]\nstruct B;",
                "const B: &str = \"crate::a::A\";",
                "pub use crate::a::A;",
                "#[cfg(test)]\nmod tests { use crate::a::A; }",
            ] {
                assert_eq!(with(code), Vec::<String>::new(), "{code}");
            }
        }
    }

    mod between_parent_and_child {
        use super::found;

        fn with(parent: &str, child: &str) -> usize {
            let parent = format!("mod child;\n{parent}");
            found(&[
                ("lib.rs", "mod parent;"),
                ("parent/child.rs", child),
                ("parent/mod.rs", &parent),
            ])
            .len()
        }

        #[test]
        fn each_naming_the_other_is_a_circle() {
            let child = "use super::Parent;\npub struct Child;";
            assert_eq!(with("pub struct Parent(child::Child);", child), 1);
            assert_eq!(with("use child::Child;\npub struct Parent;", child), 1);
            assert_eq!(
                with(
                    "pub use child::Child;\npub struct Parent(Child);",
                    "use super::*;\npub struct Child(Parent);"
                ),
                1
            );
        }

        #[test]
        fn declaring_and_handing_on_is_none() {
            let child = "use super::Parent;\npub struct Child;";
            assert_eq!(with("pub struct Parent;", child), 0);
            assert_eq!(with("pub use child::Child;\npub struct Parent;", child), 0);
            assert_eq!(
                with("pub struct Parent(child::Child);", "pub struct Child;"),
                0
            );
        }
    }

    mod of_many {
        use super::found;

        const FILES: [(&str, &str); 4] = [
            ("lib.rs", "mod one; mod three; mod two;"),
            ("one.rs", "use crate::two::Two; pub struct One;"),
            ("three.rs", "use crate::one::One; pub struct Three;"),
            ("two.rs", "use crate::three::Three; pub struct Two;"),
        ];

        #[test]
        fn all_are_told_once() {
            let found = found(&FILES);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].lines().count(), 4, "{found:?}");
        }
    }
}
