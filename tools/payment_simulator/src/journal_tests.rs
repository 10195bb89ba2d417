//! Tests of the journal's file, without a gateway.

use std::{fs, path::Path};

use chrono::DateTime;

use super::{Journal, OpenError};
use crate::domain::{
    ledger::Ledger,
    record::{Outcome, Record},
    refusal::Refusal,
    request::{Cancel, Confirm, Request},
};

fn records() -> [Record; 3] {
    let amount = "24000.50".parse().unwrap();
    let confirm = Confirm {
        payment_key: "p1".to_owned(),
        order_id: "o1".to_owned(),
        amount,
    };
    let cancel = Cancel {
        payment_key: "p1".to_owned(),
        cancel_reason: "\n".to_owned(),
        cancel_amount: Some(amount),
    };
    let record = |sequence, request, outcome| Record {
        sequence,
        requested_at: DateTime::from_timestamp_nanos(1_700_000_000_123_456_789),
        at: DateTime::from_timestamp_nanos(1_700_000_001_987_654_321),
        idempotency_key: Some(format!("k{sequence}")),
        request,
        outcome,
    };
    [
        record(1, Request::Confirm(confirm), Outcome::Charged),
        record(2, Request::Cancel(cancel.clone()), Outcome::Canceled),
        record(
            3,
            Request::Cancel(cancel),
            Outcome::Refused(Refusal::AlreadyCanceledPayment),
        ),
    ]
}

async fn write(path: &Path) {
    let journal = Journal::open(path, |_| Ok(())).unwrap();
    for record in records() {
        journal.append(&record).unwrap();
    }
    journal.flushed(3).await.unwrap();
}

/// The writer of a closed journal may hold the file a moment longer.
fn reopen(path: &Path) -> Result<Vec<Record>, OpenError> {
    loop {
        match restore(path) {
            Err(OpenError::InUse) => std::thread::yield_now(),
            restored => return restored,
        }
    }
}

fn restore(path: &Path) -> Result<Vec<Record>, OpenError> {
    let mut restored = Vec::new();
    let mut ledger = Ledger::default();
    Journal::open(path, |record| {
        restored.push(record.clone());
        ledger.commit(record).map(drop)
    })?;
    Ok(restored)
}

#[actix_web::test]
async fn flushed_records_are_restored_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    write(&path).await;
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains(r#""amount":24000.50"#)
    );
    assert_eq!(reopen(&path).unwrap(), records());
}

#[actix_web::test]
async fn a_last_line_that_was_cut_short_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    write(&path).await;
    let whole = fs::read(&path).unwrap();
    let last_line = whole.len()
        - 1
        - whole[..whole.len() - 1]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .unwrap();
    for cut in 1..last_line {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert_eq!(reopen(&path).unwrap(), records()[..2], "cut by {cut}");
        assert_eq!(fs::read(&path).unwrap(), whole[..whole.len() - last_line]);
    }
}

mod refused {
    use super::*;

    #[actix_web::test]
    async fn with_a_corrupt_line_in_the_middle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        write(&path).await;
        let text =
            fs::read_to_string(&path)
                .unwrap()
                .replacen(r#"{"sequence":2"#, r#"{"sequence":"#, 1);
        fs::write(&path, text).unwrap();
        assert!(matches!(
            reopen(&path),
            Err(OpenError::Corrupt { line: 2, .. })
        ));
    }

    #[actix_web::test]
    async fn with_a_missing_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        write(&path).await;
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.split_once('\n').unwrap().1).unwrap();
        assert!(matches!(
            reopen(&path),
            Err(OpenError::Inconsistent { line: 1, .. })
        ));
    }

    #[actix_web::test]
    async fn while_another_process_has_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let first = Journal::open(&path, |_| Ok(())).unwrap();
        assert!(matches!(
            Journal::open(&path, |_| Ok(())),
            Err(OpenError::InUse)
        ));
        drop(first);
    }
}
