//! The stores that the store contract is checked on. Each begins with the sample assortment and no order.

use std::sync::Arc;

use backon::BlockingRetryable;
use diesel::connection::SimpleConnection;
use memory_store::MemoryOrderStore;
use order_service::actors::store_backoff::store_backoff;
use order_service::domain::decide::Transition;
use order_service::domain::order::{CouponId, ItemId, Order};
use order_service::domain::pending_limits::PendingLimits;
use order_service::outbound::mysql::catalogue::MysqlCatalogue;
use order_service::outbound::mysql::migrate::migrate;
use order_service::outbound::mysql::order_store::MysqlOrderStore;
use order_service::outbound::mysql::pool::SessionManager;
use order_service::outbound::mysql::pool::{Pool, session};
use order_service::outbound::mysql::shelves::MysqlShelves;
use order_service::ports::catalogue::Catalogue;
use order_service::ports::member_orders::MemberOrders;
use order_service::ports::order_store::{Fate, OnHeldRow, OrderStore, StoreError, StoreRow};
use order_service::ports::reviews::Reviews;
use order_service::ports::shelves::Shelves;
use shared::order_number::OrderNumber;
use stack::{Flavour, mysql_is_left_out};

use super::databases::TestDatabase;
use super::samples::{assortment, coupons, draft, items, open};

/// A store, and its data as seen from outside.
pub(crate) trait StoreWorld: Sync {
    /// One more store on the same data, as another process would have.
    fn store(&self) -> Arc<dyn OrderStore>;

    /// The same, where members may have so much pending.
    fn limited(&self, limits: PendingLimits) -> Arc<dyn OrderStore>;

    /// What is due for review in this data.
    fn reviews(&self) -> Arc<dyn Reviews>;

    /// The orders of members in this data.
    fn member_orders(&self) -> Arc<dyn MemberOrders>;

    /// Shelves of this data to look at, from which members may have so much pending.
    fn shelves(&self, limits: PendingLimits) -> Arc<dyn Shelves>;

    /// Pieces left.
    fn stock(&self, item: ItemId) -> u32;

    /// The order that holds the coupon.
    fn holder(&self, coupon: CouponId) -> Option<OrderNumber>;

    /// Locks a row, as another client's transaction does, until the result is dropped.
    fn hold(&self, row: StoreRow) -> Hold;
}

/// A row that another client has locked, until this is dropped.
pub(crate) struct Hold(Option<Box<dyn FnOnce() + Send>>);

impl Hold {
    fn until_dropped(let_go: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(let_go)))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(let_go) = self.0.take() {
            let_go();
        }
    }
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

    fn limited(&self, limits: PendingLimits) -> Arc<dyn OrderStore> {
        self.0.limit(limits);
        self.store()
    }

    fn reviews(&self) -> Arc<dyn Reviews> {
        Arc::clone(&self.0) as _
    }

    fn member_orders(&self) -> Arc<dyn MemberOrders> {
        Arc::clone(&self.0) as _
    }

    fn shelves(&self, limits: PendingLimits) -> Arc<dyn Shelves> {
        self.0.limit(limits);
        Arc::clone(&self.0) as _
    }

    fn stock(&self, item: ItemId) -> u32 {
        self.0.stock(item)
    }

    fn holder(&self, coupon: CouponId) -> Option<OrderNumber> {
        self.0.coupon_holder(coupon)
    }

    fn hold(&self, row: StoreRow) -> Hold {
        self.0.hold(row.clone());
        let store = Arc::clone(&self.0);
        Hold::until_dropped(move || store.let_go(&row))
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

    /// `None` where this machine's tests leave MySQL out, which is logged.
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

    fn limited(&self, limits: PendingLimits) -> Arc<dyn OrderStore> {
        // The account that migrates may not take orders off the list of pending ones.
        let pool = SessionManager::pool(&self.0.service_settings());
        Arc::new(MysqlOrderStore::limited(pool, limits))
    }

    fn reviews(&self) -> Arc<dyn Reviews> {
        Arc::new(MysqlOrderStore::new(self.0.pool()))
    }

    fn member_orders(&self) -> Arc<dyn MemberOrders> {
        Arc::new(MysqlOrderStore::new(self.0.pool()))
    }

    fn shelves(&self, limits: PendingLimits) -> Arc<dyn Shelves> {
        let pool = SessionManager::pool(&self.0.service_settings());
        Arc::new(MysqlShelves::new(pool, limits))
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

    fn hold(&self, row: StoreRow) -> Hold {
        hold(&self.0.pool(), &row)
    }
}

/// Locks a row of this database, as another client's transaction does, until the result is dropped.
pub(crate) fn hold(pool: &Pool, row: &StoreRow) -> Hold {
    let select = match row {
        StoreRow::Item(id) => format!("SELECT 1 FROM items WHERE item_id = {id}"),
        StoreRow::Coupon(id) => format!("SELECT 1 FROM coupons WHERE coupon_id = {id}"),
        StoreRow::Buyer(member) => format!("SELECT 1 FROM buyers WHERE member_id = '{member}'"),
        StoreRow::Order(number) => format!("SELECT 1 FROM orders WHERE order_num = '{number}'"),
    };
    let mut somebody = session(pool).unwrap();
    let mut run = move |statement: &str| {
        somebody
            .run(|connection| connection.batch_execute(statement))
            .unwrap();
    };
    run(&format!("START TRANSACTION; {select} FOR UPDATE"));
    Hold::until_dropped(move || run("ROLLBACK"))
}

/// Writes a batch and waits for locked rows. If the transaction fails, all fates are its error, which is returned.
pub(crate) fn write_in_turn(
    store: &dyn OrderStore,
    batch: &[Transition],
) -> Result<Vec<Fate>, StoreError> {
    unless_failed(store.write(batch, OnHeldRow::Wait))
}

/// Writes the transitions of a batch whose rows are free. If the transaction fails, its error is returned.
pub(crate) fn write_what_is_free(
    store: &dyn OrderStore,
    batch: &[Transition],
) -> Result<Vec<Fate>, StoreError> {
    unless_failed(store.write(batch, OnHeldRow::Skip))
}

fn unless_failed(fates: Vec<Fate>) -> Result<Vec<Fate>, StoreError> {
    let Some(Fate::Failing(error)) = fates.first().cloned() else {
        return Ok(fates);
    };
    let all = Fate::Failing(error.clone());
    assert!(fates.iter().all(|fate| *fate == all), "{fates:?}");
    Err(error)
}

/// Writes a batch and waits for locked rows, again and again while the failure is passing. Any other failure fails the test.
pub(crate) fn apply(store: &dyn OrderStore, batch: &[Transition]) -> Vec<Fate> {
    (|| write_in_turn(store, batch))
        .retry(store_backoff().with_max_times(100))
        .when(StoreError::is_passing)
        .call()
        .unwrap()
}

/// The same, where any failure fails the test. That no row is waited for is checked in `databases::a_session`.
pub(crate) fn apply_what_is_free(store: &dyn OrderStore, batch: &[Transition]) -> Vec<Fate> {
    write_what_is_free(store, batch).unwrap()
}

/// Writes one transition that must be stored.
pub(crate) fn applied(store: &dyn OrderStore, transition: Transition) -> Arc<Order> {
    match apply(store, &[transition]).pop() {
        Some(Fate::Stored(order)) => order,
        other => panic!("not stored but {other:?}"),
    }
}

/// Stores an order.
pub(crate) fn opened(store: &dyn OrderStore, digits: u64, lines: &[(ItemId, i64)]) -> Arc<Order> {
    applied(store, open(draft(digits, lines)))
}

/// The orders of a batch of which every transition must be stored.
pub(crate) fn all_applied(fates: Vec<Fate>) -> Vec<Arc<Order>> {
    let order = |fate| match fate {
        Fate::Stored(order) => order,
        other => panic!("not stored but {other:?}"),
    };
    fates.into_iter().map(order).collect()
}
