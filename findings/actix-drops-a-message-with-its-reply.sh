#!/usr/bin/env bash
#
# Software: actix 0.13.5 (Rust).
# Expected: a message that is in an actor's mailbox is handled. A caller whose time-out strikes merely doesn't see the answer, as
#   it is with channels, HTTP and gen_server.
# What happens: if the reply's future is dropped before the message's turn comes, the handler never runs: not for a future
#   within tokio's timeout, and not for one with actix's own `.timeout(...)`. The same message by `do_send` is handled. So whether
#   a command is carried out depends on how busy the actor was and how patient its caller.
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
actix = "=0.13.5"
tokio = { version = "1", features = ["time"] }
[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use actix::prelude::*;
use std::time::Duration;

#[derive(Default)]
struct Ledger(Vec<&'static str>);

impl Actor for Ledger {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Busy;

#[derive(Message)]
#[rtype(result = "()")]
struct Book(&'static str);

#[derive(Message)]
#[rtype(result = "String")]
struct Read;

impl Handler<Busy> for Ledger {
    type Result = AtomicResponse<Self, ()>;
    fn handle(&mut self, _: Busy, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(Box::pin(tokio::time::sleep(Duration::from_secs(3)).into_actor(self)))
    }
}

impl Handler<Book> for Ledger {
    type Result = ();
    fn handle(&mut self, Book(what): Book, _: &mut Self::Context) {
        self.0.push(what);
    }
}

impl Handler<Read> for Ledger {
    type Result = String;
    fn handle(&mut self, _: Read, _: &mut Self::Context) -> String {
        self.0.join(" ")
    }
}

#[actix::main]
async fn main() {
    let ledger = Ledger::default().start();
    ledger.do_send(Busy);
    let moment = Duration::from_millis(200);
    let tokio = tokio::time::timeout(moment, ledger.send(Book("tokio-timeout"))).await.is_err();
    let actix = ledger.send(Book("actix-timeout")).timeout(moment).await.is_err();
    ledger.do_send(Book("do_send"));
    println!("timed out: {tokio} {actix}; handled: {}", ledger.send(Read).await.expect("an answer"));
}
RUST
seen=$(cd "$dir" && nice cargo run -q 2>"$dir/log")
echo "$seen"
[[ $seen == "timed out: true true; handled: do_send" ]] || exit 1
