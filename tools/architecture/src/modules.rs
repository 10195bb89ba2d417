//! Finds the file that defines what a path names: along `mod` lines, imports and re-exports.

use crate::source::SourceFile;
use crate::syntax::{Module, NamedPath};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one target: of `lib.rs`, or of `main.rs`.
pub(crate) struct ModuleTree<'a> {
    modules: BTreeMap<Vec<String>, Home<'a>>,
}

/// Where a module is.
#[derive(Clone, Copy)]
pub(crate) struct Home<'a> {
    /// Its index among the crate's files.
    pub(crate) file: usize,
    pub(crate) module: &'a Module,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Definition {
    /// The index of the file that defines it.
    pub(crate) file: usize,
    pub(crate) name: String,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Item(Definition),
    Module(Vec<String>),
}

/// Questions that are being answered: imports may import each other.
type Asked = BTreeSet<(Vec<String>, String)>;

impl<'a> ModuleTree<'a> {
    /// Follows the `mod` lines from `root`; modules for tests only are left out.
    pub(crate) fn of(files: &'a [SourceFile], root: &str) -> Option<Self> {
        let root = files.iter().position(|file| file.name == root)?;
        let mut tree = Self {
            modules: BTreeMap::new(),
        };
        tree.enter(files, root, &[], "");
        Some(tree)
    }

    /// `folder` is where the files of the modules in `file` are.
    fn enter(&mut self, files: &'a [SourceFile], file: usize, path: &[String], folder: &str) {
        for module in &files[file].syntax.modules {
            let here = [path, &module.inner].concat();
            self.modules.insert(here.clone(), Home { file, module });
            let inner: String = module.inner.iter().map(|name| format!("{name}/")).collect();
            for child in &module.children {
                let below = format!("{folder}{inner}{}", child.name);
                let candidates = match &child.file {
                    Some(named) => vec![format!("{}{named}", parent(&files[file].name))],
                    None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
                };
                let found = files
                    .iter()
                    .position(|file| candidates.contains(&file.name));
                if let Some(found) = found {
                    let path = [here.clone(), vec![child.name.clone()]].concat();
                    self.enter(files, found, &path, &format!("{below}/"));
                }
            }
        }
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = (&[String], Home<'a>)> {
        self.modules.iter().map(|(path, home)| (&path[..], *home))
    }

    /// The items that `path` names in the module `from`. None for other crates' items, for modules and for variables.
    pub(crate) fn definitions(&self, from: &[String], path: &NamedPath) -> Vec<Definition> {
        if path.is_external {
            return Vec::new();
        }
        let targets = self.targets(from, &path.segments, &mut Asked::new());
        let items = targets.into_iter().filter_map(|target| match target {
            Target::Item(item) => Some(item),
            Target::Module(_) => None,
        });
        items.collect()
    }

    fn targets(&self, from: &[String], segments: &[String], asked: &mut Asked) -> BTreeSet<Target> {
        let supers = segments
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let one = |module: &[String]| BTreeSet::from([Target::Module(module.to_vec())]);
        let (mut targets, rest) = match segments.first().map(String::as_str) {
            None => return BTreeSet::new(),
            Some("crate" | "$crate") => (one(&[]), &segments[1..]),
            Some("self") => (one(from), &segments[1..]),
            Some("super") => (
                one(&from[..from.len().saturating_sub(supers)]),
                &segments[supers..],
            ),
            Some(name) => (self.named(from, name, asked), &segments[1..]),
        };
        for name in rest {
            targets = targets
                .into_iter()
                .flat_map(|target| match target {
                    // an enum's variant, or a type's function
                    Target::Item(item) => BTreeSet::from([Target::Item(item)]),
                    Target::Module(module) => {
                        let named = self.named(&module, name, asked);
                        // an item that a macro makes is not seen, but its module is
                        if named.is_empty() {
                            self.made_in(&module, name)
                        } else {
                            named
                        }
                    }
                })
                .collect();
        }
        targets
    }

    /// What is called `name` in a module. A module and a function may share a name, so there may be several.
    fn named(&self, module: &[String], name: &str, asked: &mut Asked) -> BTreeSet<Target> {
        let mut targets = BTreeSet::new();
        let question = (module.to_vec(), name.to_owned());
        let Some(home) = self.modules.get(module) else {
            return targets;
        };
        if !asked.insert(question.clone()) {
            return targets;
        }
        let child = [module, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            targets.insert(Target::Module(child));
        }
        if home.module.items.contains(name) {
            targets.insert(item(home, name));
        }
        let imports = home.module.imports.iter();
        for import in imports.filter(|import| !import.path.is_external) {
            let segments = &import.path.segments;
            match &import.name {
                Some(known) if known == name => {
                    targets.extend(self.targets(module, segments, asked))
                }
                Some(_) => {}
                None => {
                    for target in self.targets(module, segments, asked) {
                        if let Target::Module(within) = target {
                            targets.extend(self.named(&within, name, asked));
                        }
                    }
                }
            }
        }
        asked.remove(&question);
        targets
    }

    fn made_in(&self, module: &[String], name: &str) -> BTreeSet<Target> {
        let home = self.modules.get(module);
        home.map(|home| item(home, name)).into_iter().collect()
    }
}

fn item(home: &Home<'_>, name: &str) -> Target {
    Target::Item(Definition {
        file: home.file,
        name: name.to_owned(),
    })
}

fn parent(file: &str) -> &str {
    file.rfind('/').map_or("", |slash| &file[..=slash])
}
