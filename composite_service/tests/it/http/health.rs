//! The probes.

use serde_json::json;
use shared::kafka::topic_state::TopicState;
use stack::EmbeddedBroker;

use super::front::{Front, probe};

#[actix::test]
async fn a_process_is_live_without_any_peer() {
    let front = Front::open();
    front.home_tx.send_replace(None);
    front.stopping_tx.send_replace(true);
    let reply = front.get("/livez").await;
    assert_eq!((reply.status, reply.body), (200, json!({"status": "live"})));
}

#[actix::test]
async fn a_service_with_all_it_needs_is_ready() {
    let broker = EmbeddedBroker::start().unwrap();
    let mut front = Front::open();
    front.shop.broker = probe(broker.bootstrap_servers());
    let reply = front.get("/readyz").await;
    let parts = json!({"kafka": true, "replyPartition": true, "accepting": true});
    assert_eq!(
        (reply.status, reply.body),
        (200, json!({"status": "ready", "parts": parts}))
    );
}

#[actix::test]
async fn a_service_that_lacks_something_is_not_ready_and_says_what() {
    let broker = EmbeddedBroker::start().unwrap();
    let mut front = Front::open();
    let not_ready = |kafka, home, accepting, reason| {
        let parts = json!({"kafka": kafka, "replyPartition": home, "accepting": accepting});
        (
            503,
            json!({"status": "not ready", "parts": parts, "reason": reason}),
        )
    };
    let seen = |reply: super::front::Reply| (reply.status, reply.body);
    assert_eq!(
        seen(front.get("/readyz").await),
        not_ready(false, true, true, "kafka: no broker answers")
    );
    front.shop.broker = probe(broker.bootstrap_servers());
    front.home_tx.send_replace(None);
    assert_eq!(
        seen(front.get("/readyz").await),
        not_ready(
            true,
            false,
            true,
            "replyPartition: no partition is assigned to this instance"
        )
    );
    front.home_tx.send_replace(Some(0));
    front.stopping_tx.send_replace(true);
    assert_eq!(
        seen(front.get("/readyz").await),
        not_ready(true, true, false, "accepting: the service is ending")
    );
}

#[actix::test]
async fn a_service_whose_topic_of_replies_is_gone_is_not_ready_although_it_has_a_partition() {
    let broker = EmbeddedBroker::start().unwrap();
    let mut front = Front::open();
    front.shop.broker = probe(broker.bootstrap_servers());
    front.shop.replies.topic(TopicState::Missing);
    let reply = front.get("/readyz").await;
    let reason = "replyPartition: the brokers do not have the topic composite";
    assert_eq!((reply.status, &reply.body["reason"]), (503, &json!(reason)));
}
