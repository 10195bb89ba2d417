//! Worlds that the store contract holds in: each begins with the sample assortment and no order.

use std::sync::Arc;

use backon::BlockingRetryable;
use mall_cli::stack::{Flavour, mysql_is_left_out};
use order_service::actors::store_worker::store_backoff;
use order_service::domain::decide::Transition;
use order_service::domain::order::{CouponId, ItemId, Order};
use order_service::outbound::memory::order_store::MemoryOrderStore;
use order_service::outbound::mysql::catalogue::MysqlCatalogue;
use order_service::outbound::mysql::migrate::migrate;
use order_service::outbound::mysql::order_store::MysqlOrderStore;
use order_service::outbound::mysql::pool::Pool;
use order_service::ports::catalogue::Catalogue;
use order_service::ports::order_store::{OrderStore, StoreError, StoreOutcome};
use order_service::ports::reviews::Reviews;
use shared::order_number::OrderNumber;

use super::databases::TestDatabase;
use super::samples::{assortment, coupons, draft, items, open};

/// A store and a look behind it.
pub(crate) trait StoreWorld: Sync {
    /// One more store on the same data, as another process has it.
    fn store(&self) -> Arc<dyn OrderStore>;

    /// What is due for review in this data.
    fn reviews(&self) -> Arc<dyn Reviews>;

    /// Pieces left.
    fn stock(&self, item: ItemId) -> u32;

    /// The order that holds the coupon.
    fn holder(&self, coupon: CouponId) -> Option<OrderNumber>;
}

/// Everything in memory.
pub(crate) struct MemoryWorld(Arc<MemoryOrderStore>);

impl MemoryWorld {
    pub(crate) fn make() -> Option<Self> {
        Some(Self(Arc::new(MemoryOrderStore::new(items(), coupons()))))
    }
}

impl StoreWorld for MemoryWorld {
    fn store(&self) -> Arc<dyn OrderStore> {
        Arc::clone(&self.0) as _
    }

    fn reviews(&self) -> Arc<dyn Reviews> {
        Arc::clone(&self.0) as _
    }

    fn stock(&self, item: ItemId) -> u32 {
        self.0.stock(item)
    }

    fn holder(&self, coupon: CouponId) -> Option<OrderNumber> {
        self.0.coupon_holder(coupon)
    }
}

/// A migrated and filled database.
pub(crate) struct DatabaseWorld(pub(crate) TestDatabase);

impl DatabaseWorld {
    pub(crate) fn make(flavour: Flavour) -> Self {
        let database = TestDatabase::create(flavour);
        fill(&database.pool());
        Self(database)
    }

    pub(crate) fn mariadb() -> Option<Self> {
        Some(Self::make(Flavour::MariaDb))
    }

    /// `None` where MySQL is left out on this machine, which is told.
    pub(crate) fn mysql() -> Option<Self> {
        (!mysql_is_left_out()).then(|| Self::make(Flavour::MySql))
    }
}

/// Migrates an empty database and imports the sample assortment.
pub(crate) fn fill(pool: &Pool) {
    migrate(pool).unwrap();
    MysqlCatalogue::new(pool.clone())
        .import(&assortment())
        .unwrap();
}

impl StoreWorld for DatabaseWorld {
    fn store(&self) -> Arc<dyn OrderStore> {
        Arc::new(MysqlOrderStore::new(self.0.pool()))
    }

    fn reviews(&self) -> Arc<dyn Reviews> {
        Arc::new(MysqlOrderStore::new(self.0.pool()))
    }

    fn stock(&self, item: ItemId) -> u32 {
        self.0
            .sql(&format!("SELECT stock FROM items WHERE item_id = {item}"))
            .parse()
            .unwrap()
    }

    fn holder(&self, coupon: CouponId) -> Option<OrderNumber> {
        self.0
            .sql(&format!(
                "SELECT used_by FROM coupons WHERE coupon_id = {coupon}"
            ))
            .parse()
            .ok()
    }
}

/// Applies a batch as the writer does: again while the store is unavailable. No other failure is let through.
pub(crate) fn apply(store: &dyn OrderStore, batch: &[Transition]) -> Vec<StoreOutcome> {
    (|| store.apply(batch))
        .retry(store_backoff().with_max_times(100))
        .when(|error| matches!(error, StoreError::Unavailable(_)))
        .call()
        .unwrap()
}

/// Applies one transition that nothing speaks against.
pub(crate) fn applied(store: &dyn OrderStore, transition: Transition) -> Arc<Order> {
    match apply(store, &[transition]).pop() {
        Some(StoreOutcome::Applied(order)) => order,
        other => panic!("not applied but {other:?}"),
    }
}

/// Stores an order.
pub(crate) fn opened(store: &dyn OrderStore, digits: u64, lines: &[(ItemId, i64)]) -> Arc<Order> {
    applied(store, open(draft(digits, lines)))
}

/// The orders of a batch that is applied throughout.
pub(crate) fn all_applied(outcomes: Vec<StoreOutcome>) -> Vec<Arc<Order>> {
    let order = |outcome| match outcome {
        StoreOutcome::Applied(order) => order,
        StoreOutcome::Conflict(current) => panic!("conflicts with {current:?}"),
    };
    outcomes.into_iter().map(order).collect()
}
