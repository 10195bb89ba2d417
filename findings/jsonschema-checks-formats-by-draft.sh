#!/usr/bin/env bash
#
# Software: jsonschema 0.61 (Rust).
# Expected: whether `format` is checked is the caller's choice (`should_validate_formats`), and without one it is the same for
#   each schema: JSON Schema calls `format` an annotation.
# What happens: it depends on `$schema`. A draft-07 schema refuses "tomorrow" as a `date-time`; the same schema of draft 2020-12, or
#   without `$schema`, accepts it. So bringing a schema up to date, or losing its first line, turns checks off in silence.
# Needs: Rust 1.85 or newer with cargo.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.1.0"
edition = "2024"
[dependencies]
jsonschema = { version = "=0.61.0", default-features = false }
serde_json = "1"
[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use serde_json::json;

fn main() {
    let drafts = [
        ("draft-07", Some("http://json-schema.org/draft-07/schema#")),
        ("2019-09", Some("https://json-schema.org/draft/2019-09/schema")),
        ("2020-12", Some("https://json-schema.org/draft/2020-12/schema")),
        ("none", None),
    ];
    for (name, uri) in drafts {
        let mut schema = json!({"type": "string", "format": "date-time"});
        if let Some(uri) = uri {
            schema["$schema"] = json!(uri);
        }
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        print!("{name}={} ", if validator.is_valid(&json!("tomorrow")) { "accepted" } else { "refused" });
    }
    println!();
}
RUST
seen=$(cd "$dir" && nice cargo run -q 2>"$dir/log")
echo "\"tomorrow\" as a date-time: $seen"
[[ $seen == "draft-07=refused 2019-09=accepted 2020-12=accepted none=accepted " ]] || exit 1
