//! The benchmarks and their aims. Pure.

use serde_json::json;

use crate::{LoadResult, Scenario};

/// One line of the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Benchmark {
    /// What it is called.
    pub(super) name: &'static str,
    /// What the shoppers want.
    pub(super) scenario: Scenario,
    /// How many there are.
    pub(super) shoppers: usize,
    /// What is wanted, in words.
    pub(super) aim: &'static str,
}

/// Everything that is measured, in the order of a round. One of each at least for each aim; the best of several concurrencies counts.
pub(super) const SUITE: &[Benchmark] = &[
    Benchmark {
        name: "pending order",
        scenario: Scenario::Pending,
        shoppers: 1,
        aim: "p50 ≤ 3 ms",
    },
    Benchmark {
        name: "pending order",
        scenario: Scenario::Pending,
        shoppers: 64,
        aim: "≥ 0.5 × raw",
    },
    Benchmark {
        name: "pending order",
        scenario: Scenario::Pending,
        shoppers: 256,
        aim: "≥ 10,000/s at the best",
    },
    Benchmark {
        name: "pending order",
        scenario: Scenario::Pending,
        shoppers: 1_024,
        aim: "≥ 10,000/s at the best",
    },
    Benchmark {
        name: "hot item",
        scenario: Scenario::Hot,
        shoppers: 256,
        aim: "≥ 0.8 × spread out",
    },
    Benchmark {
        name: "purchase in one step",
        scenario: Scenario::Purchase,
        shoppers: 64,
        aim: "≥ 3,000/s at the best",
    },
    Benchmark {
        name: "purchase in one step",
        scenario: Scenario::Purchase,
        shoppers: 256,
        aim: "≥ 3,000/s at the best",
    },
    Benchmark {
        name: "reading an order",
        scenario: Scenario::Read,
        shoppers: 64,
        aim: "≥ 9,000/s",
    },
];

/// Measured again after the database has grown, to compare with an empty one.
pub(super) const GROWN: Benchmark = Benchmark {
    name: "pending order, grown",
    scenario: Scenario::Pending,
    shoppers: 256,
    aim: "≥ 0.9 × empty",
};

/// A benchmark's run, and the raw limit of the same minute.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// What was measured.
    pub(super) benchmark: Benchmark,
    /// What it came to.
    pub(super) result: LoadResult,
    /// Raw requests and replies a second, 64 on their way, just before.
    pub(super) raw_rate: f64,
}

/// A catalogue of a thousand items that no benchmark empties, in the order service's import format.
pub(super) fn large_catalogue() -> String {
    let product = |id: u32| {
        let items: Vec<_> = (1..=10)
            .map(|nth| {
                let item = (id - 1) * 10 + nth;
                json!({"itemId": item, "name": format!("물건 {item}"), "price": 12_000, "stock": 2_000_000_000})
            })
            .collect();
        json!({"productId": id, "name": format!("상품 {id}"), "items": items})
    };
    let products: Vec<_> = (1..=100).map(product).collect();
    json!({"products": products, "coupons": []}).to_string()
}
