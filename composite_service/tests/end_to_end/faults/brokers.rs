//! Three brokers, of which one is lost: a partition's leader, under load.

use std::time::Instant;

use libtest_mimic::Trial;
use stack::BrokerKind;

use super::{READY, Season, on_its_own_mall, shops};
use crate::mall::Mall;

pub(super) fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "faults::killed::leader_of_three_brokers",
        || {
            on_its_own_mall(
                |builder| {
                    builder.broker = BrokerKind::KafkaCluster;
                    builder.order_services = 2;
                    builder.composites = 2;
                },
                lost_leader,
            );
            Ok(())
        },
    )]
}

fn lost_leader(mall: &mut Mall) {
    let season = Season::open(mall, &shops(mall));
    let kafkas = mall.stack.broker.cluster().expect("three Kafkas");
    let leader = kafkas.leader_of("orders", 0).expect("a leader");
    kafkas.kill_9(leader).expect("a kill");
    let begun = Instant::now();
    season.wait_for_sales();
    eprintln!("sells {:?} after the kill", begun.elapsed());
    season.wait_for_sales();
    assert_ne!(kafkas.leader_of("orders", 0).expect("a leader"), leader);
    kafkas.restart(leader).expect("a restart");
    season.wait_for_sales();
    season.close(mall, &[], READY);
}
