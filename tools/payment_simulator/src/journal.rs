//! The file that keeps the ledger: one JSON line a record, on the disk before anyone is answered.
//! It must not know what the records mean.

use std::{
    fs::{File, OpenOptions, TryLockError},
    future,
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    sync::mpsc,
    thread,
};

use tokio::sync::watch;

use crate::domain::{ledger::Inconsistent, record::Record};

/// A handle to the journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    /// None for a journal that keeps nothing.
    writer: Option<Writer>,
}

/// The near end of the thread that writes.
#[derive(Clone, Debug)]
struct Writer {
    lines: mpsc::Sender<Line>,
    /// The sequence of the last record on the disk; closed when the thread gives up.
    durable: watch::Receiver<u64>,
}

#[derive(Debug)]
struct Line {
    sequence: u64,
    bytes: Vec<u8>,
}

/// The journal cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened, read or cut.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another process holds it.
    #[error("another simulator is using it")]
    InUse,
    /// A whole line that is no record.
    #[error("line {line} is corrupt")]
    Corrupt {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record that does not follow from those before it.
    #[error("line {line} is inconsistent")]
    Inconsistent {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        source: Inconsistent,
    },
}

/// The journal can no longer be written: what was decided since is not kept, and must not be told.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger can no longer be written")]
pub struct JournalFailed;

impl Journal {
    /// A journal that keeps nothing.
    pub fn in_memory() -> Self {
        Self { writer: None }
    }

    /// Opens or creates the file and hands each record in it to `restore`. A line that a crash cut short is dropped.
    pub fn open(
        path: &Path,
        restore: impl FnMut(Record) -> Result<(), Inconsistent>,
    ) -> Result<Self, OpenError> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse,
            TryLockError::Error(error) => OpenError::Io(error),
        })?;
        sync_folder(path)?;
        let last = restore_all(&file, restore)?;
        let (lines, queue) = mpsc::channel();
        let (progress, durable) = watch::channel(last);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                if let Err(error) = write_lines(file, &queue, &progress) {
                    log::error!("cannot write the ledger: {error}");
                }
            })?;
        Ok(Self {
            writer: Some(Writer { lines, durable }),
        })
    }

    /// Queues a record. To be called in the order of their sequence; [`Journal::flushed`] tells when it is on the disk.
    pub fn append(&self, record: &Record) -> Result<(), JournalFailed> {
        let Some(writer) = &self.writer else {
            return Ok(());
        };
        let mut bytes = serde_json::to_vec(record).map_err(|_| JournalFailed)?;
        bytes.push(b'\n');
        writer
            .lines
            .send(Line {
                sequence: record.sequence,
                bytes,
            })
            .map_err(|_| JournalFailed)
    }

    /// Waits until the record and all before it are on the disk.
    pub async fn flushed(&self, sequence: u64) -> Result<(), JournalFailed> {
        let Some(writer) = &self.writer else {
            return Ok(());
        };
        let mut durable = writer.durable.clone();
        durable
            .wait_for(|last| *last >= sequence)
            .await
            .map(drop)
            .map_err(|_| JournalFailed)
    }

    /// Waits until the journal fails.
    pub async fn failure(&self) -> JournalFailed {
        let Some(writer) = &self.writer else {
            return future::pending().await;
        };
        let mut durable = writer.durable.clone();
        while durable.changed().await.is_ok() {}
        JournalFailed
    }
}

/// A new file is only kept if its folder is on the disk, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

/// Returns the sequence of the last record.
fn restore_all(
    file: &File,
    mut restore: impl FnMut(Record) -> Result<(), Inconsistent>,
) -> Result<u64, OpenError> {
    let mut reader = BufReader::new(file);
    let (mut line, mut last, mut whole) = (0, 0, 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(last);
        }
        line += 1;
        if !bytes.ends_with(b"\n") {
            log::warn!("dropping the ledger's last line, which was cut short after {length} bytes");
            file.set_len(whole)?;
            file.sync_all()?;
            return Ok(last);
        }
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|source| OpenError::Corrupt { line, source })?;
        last = record.sequence;
        restore(record).map_err(|source| OpenError::Inconsistent { line, source })?;
        whole += length as u64;
    }
}

/// While one sync is under way, further lines gather; the next one takes them all.
fn write_lines(
    mut file: File,
    lines: &mpsc::Receiver<Line>,
    progress: &watch::Sender<u64>,
) -> io::Result<()> {
    let mut batch = Vec::new();
    while let Ok(Line {
        mut sequence,
        bytes,
    }) = lines.recv()
    {
        batch.clear();
        batch.extend(bytes);
        for line in lines.try_iter() {
            batch.extend(line.bytes);
            sequence = line.sequence;
        }
        file.write_all(&batch)?;
        file.sync_data()?;
        progress.send_replace(sequence);
    }
    Ok(())
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
