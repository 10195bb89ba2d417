#!/usr/bin/env bash
#
# Software: backon 1.6 (Rust).
# Expected: `with_max_delay(2 s)` is the longest wait between two attempts, with jitter, too: jitter spreads waits below the limit.
# What happens: the jitter is added on top of a delay that was limited before. With `with_jitter()` a wait takes anything
#   from 2 s to 4 s once the limit is reached, so nearly each of them is longer than the maximum.
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
backon = { version = "=1.6.0", default-features = false, features = ["std"] }
[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

fn main() {
    let waits = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(1_001)
        .with_jitter()
        .build();
    let late: Vec<f64> = waits.skip(1).map(|it| it.as_secs_f64()).collect();
    let above = late.iter().filter(|it| **it > 2.0).count();
    let longest = late.iter().copied().fold(0.0, f64::max);
    println!("max_delay 2 s: {above} of {} waits are longer, the longest takes {longest:.1} s", late.len());
}
RUST
seen=$(cd "$dir" && nice cargo run -q 2>"$dir/log")
echo "$seen"
[[ $seen =~ ^"max_delay 2 s: "([0-9]+)" of 1000 waits are longer, the longest takes "(3\.[89]|4\.0)" s"$ ]] || exit 1
((BASH_REMATCH[1] > 900)) || exit 1
