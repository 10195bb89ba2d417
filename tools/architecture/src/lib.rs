//! Holds a crate's source to rules. Each crate's `tests/architecture.rs` gives its table to [`hold`].
//!
//! | | |
//! |---|---|
//! | `source` | the files of a crate |
//! | `syntax` | file → modules, imports and paths, as `syn` reads them |
//! | `rules` | what a folder may name, how long a file may be |
//! | `modules` | path → the file that defines the item |
//! | `circles` | which files use each other in a loop |
//! | [`services`] | the rules that both services keep to |
//!
//! Types are not known here: a method call is no use of the file that implements the method.

mod circles;
mod modules;
mod rules;
pub mod services;
mod source;
mod syntax;

pub use rules::Rule;

/// Reads `src` of the crate at `manifest_dir`.
///
/// # Panics
///
/// With every violation of `rules`, and with every circle between files.
pub fn hold(manifest_dir: &str, rules: &[Rule]) {
    let files = source::read(manifest_dir);
    let mut violations: Vec<String> = files
        .iter()
        .flat_map(|file| rules::violations(file, rules))
        .collect();
    violations.extend(circles::violations(&files));
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
