//! Random secrets that live as long as the data they guard, in files that only their owner reads.
//! Must not know what they are for; never prints them.

use anyhow::{Context, Result};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The secret kept in `file`; a new random one when there is none yet.
pub(crate) fn kept_in(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Ok(secret) => Ok(secret.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let secret = format!("{:032x}", rand::random::<u128>());
            write_private(file, &secret)?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}
