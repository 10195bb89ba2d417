#!/usr/bin/env bash
#
# Software: rust_decimal 1.43 (Rust).
# Expected: `Decimal::from_str` of what a stranger sent takes numbers and refuses what no other parser of numbers takes. `f64`
#   and `u64` of the standard library refuse `24_000`, for underscores belong to Rust's source text.
# What happens: `24_000`, `2_4_0_00`, `1__0`, `1_` and `1_.5` are read as if the underscores were not there, by from_str_exact, too;
#   only a leading one is refused. And where from_str_exact refuses a 29th decimal, from_str rounds it away.
# Source: paupino/rust-decimal#152.
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
rust_decimal = { version = "=1.43.0", default-features = false, features = ["std"] }
[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use rust_decimal::Decimal;
use std::str::FromStr;

fn main() {
    for text in ["24_000", "2_4_0_00", "1__0", "1_", "1_.5", "_1", "0.12345678901234567890123456789"] {
        let read = Decimal::from_str(text).map_or("refused".into(), |it| it.to_string());
        let exact = Decimal::from_str_exact(text).map_or("refused".into(), |it| it.to_string());
        println!("{text} from_str={read} from_str_exact={exact} f64={}", f64::from_str(text).is_ok());
    }
}
RUST
seen=$(cd "$dir" && nice cargo run -q 2>"$dir/log")
echo "$seen"
[[ $seen == "24_000 from_str=24000 from_str_exact=24000 f64=false
2_4_0_00 from_str=24000 from_str_exact=24000 f64=false
1__0 from_str=10 from_str_exact=10 f64=false
1_ from_str=1 from_str_exact=1 f64=false
1_.5 from_str=1.5 from_str_exact=1.5 f64=false
_1 from_str=refused from_str_exact=refused f64=false
0.12345678901234567890123456789 from_str=0.1234567890123456789012345679 from_str_exact=refused f64=true" ]] || exit 1
