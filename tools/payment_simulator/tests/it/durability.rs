//! What survives the end of the process, however it ends.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
};

use tempfile::TempDir;

use crate::simulator::{Simulator, answer, command};

mod after_a_kill {
    use super::*;

    #[tokio::test]
    async fn ledger_and_answers_are_as_before() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let simulator = Simulator::with_ledger(&path);
        let charged = simulator.confirm("p1", "o1", "k1").await;
        let refused = simulator.confirm("p2", "o1", "k2").await;
        let declined = simulator.confirm("decline-3", "o3", "k3").await;
        let canceled = simulator.cancel("p1", "k4").await;
        assert!(simulator.try_confirm("lose-5", "o5", "k5").await.is_err());
        let ledger = simulator.get("/ledger").await;
        simulator.kill();

        let simulator = Simulator::with_ledger(&path);
        assert_eq!(simulator.get("/ledger").await, ledger);
        assert_eq!(simulator.confirm("p1", "o1", "k1").await, charged);
        assert_eq!(simulator.confirm("p2", "o1", "k2").await, refused);
        assert_eq!(simulator.confirm("decline-3", "o3", "k3").await, declined);
        assert_eq!(simulator.cancel("p1", "k4").await, canceled);
        assert_eq!(
            simulator.confirm("lose-5", "o5", "k5").await.state(),
            (200, "DONE")
        );
        assert_eq!(
            simulator.confirm("p2", "o2", "k1").await.code(),
            (422, "INVALID_IDEMPOTENCY_KEY")
        );
        assert_eq!(
            simulator.confirm("p6", "o6", "k6").await.state(),
            (200, "DONE")
        );
        assert_eq!(simulator.totals().await, (3, 1, 1));
    }

    #[tokio::test]
    async fn every_answered_confirm_is_kept() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let simulator = Simulator::with_ledger(&path);
        let mut attempts = tokio::task::JoinSet::new();
        for attempt in 0..400 {
            let order_id = format!("o{attempt}");
            let request = simulator.confirm_request(
                &format!("p{attempt}"),
                &order_id,
                &format!("k{attempt}"),
            );
            attempts.spawn(async move { answer(request).await.map(|answer| (order_id, answer)) });
        }
        let mut answered = Vec::new();
        while answered.len() < 100 {
            answered.push(attempts.join_next().await.unwrap().unwrap().unwrap());
        }
        simulator.kill();
        while let Some(attempt) = attempts.join_next().await {
            answered.extend(attempt.unwrap().ok());
        }

        let simulator = Simulator::with_ledger(&path);
        for (order_id, answer) in answered {
            assert_eq!(answer.state(), (200, "DONE"));
            assert_eq!(
                simulator
                    .get(&format!("/v1/payments/orders/{order_id}"))
                    .await,
                answer
            );
        }
    }
}

mod at_the_start {
    use super::*;

    #[tokio::test]
    async fn a_torn_last_line_is_dropped_with_a_warning() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let simulator = Simulator::with_ledger(&path);
        simulator.confirm("p1", "o1", "k1").await;
        simulator.terminate();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(br#"{"sequence":2,"requ"#)
            .unwrap();

        let simulator = Simulator::with_ledger(&path);
        let log = &simulator.startup_log;
        assert!(log.contains("dropping the ledger's last line"), "{log}");
        assert_eq!(simulator.totals().await, (1, 0, 0));
        assert_eq!(
            simulator.confirm("p2", "o2", "k2").await.state(),
            (200, "DONE")
        );
        simulator.kill();
        assert_eq!(Simulator::with_ledger(&path).totals().await, (2, 0, 0));
    }

    #[tokio::test]
    async fn a_corrupt_line_is_an_error() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let simulator = Simulator::with_ledger(&path);
        simulator.confirm("p1", "o1", "k1").await;
        simulator.confirm("p2", "o2", "k2").await;
        simulator.terminate();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("CHARGED", "CHRAGED", 1)).unwrap();

        let output = command(Some(&path)).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(
            log.contains("cannot restore the ledger") && log.contains("line 1 is corrupt"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn sigterm_ends_it_in_order() {
    let simulator = Simulator::start();
    simulator.confirm("p1", "o1", "k1").await;
    assert!(simulator.terminate().success());
}
