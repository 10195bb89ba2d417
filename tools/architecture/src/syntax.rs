//! What a file says: its modules, and what each declares, imports and names. Code under `#[cfg(test)]` is left out.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree, Visibility};

/// A file.
pub(crate) struct Syntax {
    /// The file's own module, then the inline ones.
    pub(crate) modules: Vec<Module>,
    /// Lines of items under `#[cfg(test)]`.
    pub(crate) test_lines: usize,
}

/// A module in a file.
#[derive(Default)]
pub(crate) struct Module {
    /// Its path within the file; empty for the file's own module.
    pub(crate) inner: Vec<String>,
    /// Names of the items that it defines.
    pub(crate) items: BTreeSet<String>,
    /// Modules that have files of their own.
    pub(crate) children: Vec<Child>,
    pub(crate) imports: Vec<Import>,
    /// Every other path in its code.
    pub(crate) mentions: Vec<NamedPath>,
}

/// `mod name;`
pub(crate) struct Child {
    pub(crate) name: String,
    /// Of `#[path = "…"]`.
    pub(crate) file: Option<String>,
}

/// One leaf of a `use` tree.
pub(crate) struct Import {
    pub(crate) path: NamedPath,
    /// What it is called here; `None` for all that the path contains (`*`).
    pub(crate) name: Option<String>,
    /// Others may import it from here.
    pub(crate) is_reexport: bool,
}

/// A path as it stands in the code.
#[derive(Debug, Clone)]
pub(crate) struct NamedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
    /// It begins with `::`, so its first segment is a crate.
    pub(crate) is_external: bool,
}

impl Syntax {
    pub(crate) fn of(file: &syn::File) -> Self {
        let mut reader = Reader {
            modules: vec![Module::default()],
            current: 0,
            test_lines: 0,
        };
        reader.visit_file(file);
        Self {
            modules: reader.modules,
            test_lines: reader.test_lines,
        }
    }
}

struct Reader {
    modules: Vec<Module>,
    current: usize,
    test_lines: usize,
}

impl Reader {
    fn module(&mut self) -> &mut Module {
        &mut self.modules[self.current]
    }

    fn leave_out(&mut self, code: &impl Spanned) {
        let span = code.span();
        self.test_lines += span.end().line + 1 - span.start().line;
    }

    /// `prefix` is what stands before the tree.
    fn import(&mut self, tree: &UseTree, prefix: &NamedPath, is_reexport: bool) {
        let mut path = prefix.clone();
        path.line = tree.span().start().line;
        let name = match tree {
            UseTree::Path(tree) => {
                path.segments.push(tree.ident.to_string());
                return self.import(&tree.tree, &path, is_reexport);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, is_reexport);
                }
                return;
            }
            UseTree::Name(tree) if tree.ident == "self" => path.segments.last().cloned(),
            UseTree::Name(tree) => {
                path.segments.push(tree.ident.to_string());
                Some(tree.ident.to_string())
            }
            UseTree::Rename(tree) => {
                if tree.ident != "self" {
                    path.segments.push(tree.ident.to_string());
                }
                Some(tree.rename.to_string())
            }
            UseTree::Glob(_) => None,
        };
        self.module().imports.push(Import {
            path,
            name,
            is_reexport,
        });
    }

    /// Macros take any tokens, so their paths are found by their shape: words with `::` between them.
    fn mention_all(&mut self, tokens: TokenStream) {
        let mut path: Option<NamedPath> = None;
        // colons since the last word of `path`
        let mut colons = 0;
        let mut is_member = false;
        for tree in tokens {
            match tree {
                TokenTree::Ident(word) if colons == 2 && path.is_some() => {
                    if let Some(path) = &mut path {
                        path.segments.push(word.to_string());
                    }
                    colons = 0;
                }
                TokenTree::Ident(word) => {
                    self.module().mentions.extend(path.take());
                    // what follows a dot is a field or a method
                    path = (!is_member).then(|| NamedPath {
                        line: word.span().start().line,
                        segments: vec![word.to_string()],
                        is_external: false,
                    });
                    colons = 0;
                    is_member = false;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.module().mentions.extend(path.take());
                    colons = 0;
                    is_member = matches!(&other, TokenTree::Punct(mark) if mark.as_char() == '.');
                    if let TokenTree::Group(group) = other {
                        self.mention_all(group.stream());
                    }
                }
            }
        }
        self.module().mentions.extend(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return self.leave_out(item);
        }
        let name = name(item);
        self.module().items.extend(name);
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if is_for_tests(&function.attrs) {
            return self.leave_out(function);
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if module.content.is_none() {
            let file = module.attrs.iter().find_map(path_attribute);
            return self.module().children.push(Child { name, file });
        }
        let inner = [self.module().inner.clone(), vec![name]].concat();
        let outer = self.current;
        self.current = self.modules.len();
        self.modules.push(Module {
            inner,
            ..Module::default()
        });
        visit::visit_item_mod(self, module);
        self.current = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let prefix = NamedPath {
            line: 0,
            segments: Vec::new(),
            is_external: item.leading_colon.is_some(),
        };
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &prefix, is_reexport);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        let named = NamedPath {
            line: path.span().start().line,
            segments: segments.map(|segment| segment.ident.to_string()).collect(),
            is_external: path.leading_colon.is_some(),
        };
        self.module().mentions.push(named);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.mention_all(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.visit_path(attribute.path());
        if let Meta::List(list) = &attribute.meta {
            self.mention_all(list.tokens.clone());
        }
    }
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(value) if pair.path.is_ident("path") => match &value.lit {
            Lit::Str(file) => Some(file.value()),
            _ => None,
        },
        _ => None,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name by which paths find it; modules and imports are kept by themselves.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
