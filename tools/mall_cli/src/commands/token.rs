//! `mall token`: a member's token of the running mall's issuer. Must not know what a token says.

use crate::home::Home;
use anyhow::{Context, Result};
use clap::Args;
use std::process::ExitCode;
use terminal::tell;

/// Print a member's token, of a mall that was started with `up --auth jwt`
///
/// It goes into the header `Authorization: Bearer TOKEN` of the shoppers' API, and is valid for an hour.
#[derive(Args)]
pub(crate) struct Token {
    /// Whose: a sample member such as minji, or any other
    member: String,
    /// What it allows besides, such as mall.support: to act on every order
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    #[command(flatten)]
    home: Home,
}

impl Token {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let running = self
            .home
            .running()?
            .context("no mall runs here: start one with `mall up --auth jwt`")?;
        let issuer = running.issuer.context(
            "the mall that runs here wants no tokens: start it with `mall up --auth jwt`",
        )?;
        let token = stack::token_of(&issuer, &self.member, self.scope.as_deref())?;
        tell(token);
        Ok(ExitCode::SUCCESS)
    }
}
