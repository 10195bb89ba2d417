//! Circles: files that use each other's items in a loop. Such files can only be understood, tested and moved together.
//!
//! A re-export (`pub use`) is no use: it hands a name on, and whoever takes it uses the file that defines the item.

use crate::modules::ModuleTree;
use crate::source::SourceFile;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::collections::BTreeMap;

/// The files of one circle, relative to `src`.
pub type Circle<'a> = &'a [&'a str];

/// From which file to which other, by index: the items that are used, and the first line of each.
type Uses = BTreeMap<(usize, usize), BTreeMap<String, usize>>;

/// Every circle that is not within an allowed one, with the lines that close it, and every allowed one that has gone.
pub(crate) fn violations(files: &[SourceFile], allowed: &[Circle<'_>]) -> Vec<String> {
    let uses = uses(files);
    let circles = circles(&uses);
    let is_within = |circle: &[usize], allowed: &[&str]| {
        let mut names = circle.iter().map(|file| files[*file].name.as_str());
        names.all(|name| allowed.contains(&name))
    };
    let refused = circles.iter().filter_map(|circle| {
        let is_allowed = allowed.iter().any(|allowed| is_within(circle, allowed));
        (!is_allowed).then(|| told(circle, &uses, files))
    });
    let gone = allowed.iter().filter_map(|allowed| {
        let is_gone = !circles.iter().any(|circle| is_within(circle, allowed));
        is_gone.then(|| format!("this circle has gone, allow it no longer: {allowed:?}"))
    });
    refused.chain(gone).collect()
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
    use super::{Circle, SourceFile, violations};

    /// What is told of these files, of which each is its name and its text.
    fn found(files: &[(&str, &str)], allowed: &[Circle<'_>]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(name, text)| SourceFile::new(name, text))
            .collect();
        violations(&files, allowed)
    }

    /// A crate of `a.rs` and `b.rs`, where `a` uses `b`.
    fn with(b: &str) -> Vec<String> {
        let files = [
            ("a.rs", "use crate::b::B;\npub struct A;"),
            ("b.rs", b),
            ("lib.rs", "mod a; mod b; mod c;"),
            ("c.rs", "pub use crate::a::A as Face;"),
        ];
        found(&files, &[])
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
            found(
                &[
                    ("lib.rs", "mod parent;"),
                    ("parent/child.rs", child),
                    ("parent/mod.rs", &parent),
                ],
                &[],
            )
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
            let found = found(&FILES, &[]);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].lines().count(), 4, "{found:?}");
        }

        #[test]
        fn a_circle_within_an_allowed_one_is_allowed() {
            let allowed: &[&str] = &["more.rs", "one.rs", "three.rs", "two.rs"];
            assert_eq!(found(&FILES, &[allowed]), Vec::<String>::new());
            assert_eq!(found(&FILES, &[&["one.rs", "two.rs"]]).len(), 2);
        }

        #[test]
        fn an_allowed_one_that_has_gone_is_told() {
            let found = found(&[("lib.rs", "")], &[&["one.rs", "two.rs"]]);
            assert!(found[0].starts_with("this circle has gone"), "{found:?}");
        }
    }
}
