//! What only a real database can do to the service: be migrated by two instances at once, contain corrupt rows, keep a row locked for
//! long, refuse a connection, and go away.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use order_service::config::{DatabaseSettings, SslMode};
use order_service::domain::catalogue::{Item, Product};
use order_service::domain::coupon::{Coupon, Discount};
use order_service::domain::order::{OrderDraft, OrderState};
use order_service::domain::pending_limits::PendingLimits;
use order_service::outbound::mysql::catalogue::MysqlCatalogue;
use order_service::outbound::mysql::migrate::{check, migrate};
use order_service::outbound::mysql::order_store::MysqlOrderStore;
use order_service::outbound::mysql::pool::{Pool, SessionManager, session};
use order_service::ports::catalogue::{Assortment, Catalogue, NamedCoupon};
use order_service::ports::order_store::{Fate, OrderStore, StoreError, StoreRow};
use shared::budget;
use shared::env::EnvReader;
use shared::reason::Reason;
use stack::Flavour;

use crate::harness::databases::{PrivateServer, TestDatabase};
use crate::harness::samples::*;
use crate::harness::stores::*;

on_each_server! {
    a_migration {
        of_an_empty_database_is_done_by_one_of_two_instances,
        that_is_repeated_changes_nothing,
        lets_the_version_before_members_go_on,
    }
    the_account_that_runs {
        works_with_tables_that_another_one_has_made,
        changes_no_table_and_deletes_no_order,
        limits_what_members_have_pending,
        is_told_which_statement_is_denied,
    }
    corrupt {
        orders_are_errors_when_loaded,
        orders_fail_their_batch_as_a_whole,
        orders_are_left_out_of_the_reviews,
        items_and_coupons_are_taken_by_no_order,
    }
    a_session {
        is_encrypted_or_refused_as_the_ssl_mode_says,
        with_a_wrong_password_is_unavailable,
        logs_in_by_the_password_that_its_file_holds_now,
        that_waits_for_a_locked_row_gives_up_first,
        that_skips_locked_rows_waits_for_none,
        of_a_paused_process_is_ended_and_its_rows_are_free,
    }
    an_outage {
        fails_calls_until_the_restart,
        under_load_stores_each_order_once,
        that_pauses_the_server_is_seen_by_the_watchdog,
    }
    the_catalogue {
        keeps_stock_and_prices_when_imported_again,
        lists_each_product_once_with_its_items,
        recommends_what_is_neither_bought_nor_sold_out,
        lists_coupons_that_can_be_used_now,
    }
}

mod a_migration {
    use super::*;

    pub(super) fn of_an_empty_database_is_done_by_one_of_two_instances(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let pools = [database.pool(), database.pool()];
        let start = Barrier::new(2);

        let applied: Vec<usize> = thread::scope(|scope| {
            let both = pools.each_ref().map(|pool| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    migrate(pool).unwrap().len()
                })
            });
            both.map(|one| one.join().unwrap()).into()
        });

        assert!(
            applied.contains(&0) && applied[0] != applied[1],
            "{applied:?}"
        );
        assert_eq!(
            database.sql("SELECT COUNT(*) FROM __diesel_schema_migrations"),
            applied.iter().sum::<usize>().to_string()
        );
    }

    pub(super) fn that_is_repeated_changes_nothing(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let order = opened(&*world.store(), 1, &[(APPLE, 1)]);

        assert_eq!(migrate(&world.0.pool()), Ok(vec![]));

        assert_eq!(
            world.store().load(&order.number).unwrap().as_ref(),
            Some(order.as_ref())
        );
    }

    /// The columns that the version before has named, as it names them.
    pub(super) fn lets_the_version_before_members_go_on(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        world.0.sql(
            "INSERT INTO orders (order_num, request_id, status, reject_reason, coupon_id, total_price, final_price, \
             intent_key, intent_amount, payment_key, created_at, revision, idempotency_key, fingerprint, \
             reject_detail, review_at, payment_idempotency_key, payment_fingerprint, pay_by) \
             VALUES ('1', 'r1', 'CREATED', NULL, NULL, 0, 0, NULL, NULL, NULL, '2026-11-23', 0, NULL, NULL, \
             NULL, '2026-11-24', NULL, NULL, '2026-11-24')",
        );

        let order = Arc::new(world.store().load(&number(1)).unwrap().unwrap());
        let paid = applied(&*world.store(), complete(&order, "key"));

        assert_eq!((&order.member, &paid.member), (&None, &None));
        assert_eq!(
            world.store().load(&number(1)).unwrap().as_ref(),
            Some(&*paid)
        );
    }
}

mod the_account_that_runs {
    use super::*;

    fn run(pool: &Pool, statement: &str) -> Result<(), StoreError> {
        session(pool)?.run(|connection| connection.batch_execute(statement))
    }

    fn refusal(result: Result<impl std::fmt::Debug, StoreError>) -> String {
        result.unwrap_err().to_string()
    }

    pub(super) fn works_with_tables_that_another_one_has_made(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let pool = SessionManager::pool(&database.service_settings());
        assert!(check(&pool).is_err());
        migrate(&database.pool()).unwrap();
        let world = DatabaseWorld::make(flavour);
        let pool = SessionManager::pool(&world.0.service_settings());

        assert_eq!(check(&pool), Ok(()));
        let store = MysqlOrderStore::new(pool);
        let order = opened(&store, 1, &[(APPLE, 1)]);
        applied(&store, complete(&order, "key"));
        assert_eq!(world.stock(APPLE), APPLES - 1);

        world
            .0
            .sql("DELETE FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1");
        let told = refusal(check(&SessionManager::pool(&world.0.service_settings())));
        assert!(
            told.contains("lacks the migrations 2026-") && told.contains("order_service migrate"),
            "{told}"
        );
    }

    pub(super) fn changes_no_table_and_deletes_no_order(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let pool = SessionManager::pool(&world.0.service_settings());
        for statement in [
            "CREATE TABLE mine (id INT)",
            "ALTER TABLE orders ADD COLUMN mine INT",
            "DROP TABLE order_lines",
            "DELETE FROM orders",
            "DELETE FROM order_lines",
            "DELETE FROM buyers",
            "TRUNCATE TABLE order_lines",
            "GRANT SELECT ON orders TO 'order_service'@'%'",
        ] {
            let told = refusal(run(&pool, statement));
            assert!(told.contains("denied"), "{statement}: {told}");
        }
        let told = refusal(migrate(&pool));
        assert!(told.contains("CREATE command denied"), "{told}");
    }

    pub(super) fn limits_what_members_have_pending(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let one_order = PendingLimits {
            orders: NonZeroU32::new(1),
            pieces: None,
        };
        let pool = SessionManager::pool(&world.0.service_settings());
        let store = MysqlOrderStore::limited(pool, one_order);
        let of_kim = |digits| OrderDraft {
            member: Some(member("kim")),
            ..draft(digits, &[(APPLE, 1)])
        };
        let first = applied(&store, open(of_kim(1)));
        let too_many = OrderState::Rejected(Reason::TooManyPendingOrders);
        assert_eq!(applied(&store, open(of_kim(2))).state, too_many);
        applied(&store, complete(&first, "key"));
        let third = applied(&store, open(of_kim(3)));
        assert_eq!(third.state, OrderState::Created);
    }

    /// Each right is needed: without it, the account and the table are named.
    pub(super) fn is_told_which_statement_is_denied(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let settings = world.0.service_settings();
        let account = "'order_service'@'%'";
        for (right, table) in [("UPDATE", "items"), ("INSERT", "orders"), ("SELECT", "")] {
            let rights = format!("{right} ON `{}`.*", settings.name);
            world.0.sql(&format!("REVOKE {rights} FROM {account}"));
            // MySQL reads an account's rights to a database when a session chooses it.
            let store = MysqlOrderStore::new(SessionManager::pool(&settings));
            let told = refusal(write_in_turn(&store, &[open(draft(1, &[(APPLE, 1)]))]));
            assert!(
                told.contains("command denied to user 'order_service'@") && told.contains(table),
                "{right}: {told}"
            );
            world.0.sql(&format!("GRANT {rights} TO {account}"));
        }
    }
}

mod corrupt {
    use super::*;

    fn is_corrupt<T>(result: &Result<T, StoreError>) -> bool {
        matches!(result, Err(StoreError::Corrupt(_)))
    }

    pub(super) fn orders_are_errors_when_loaded(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let store = world.store();
        for (digits, nonsense) in (1..).zip([
            "UPDATE orders SET status = 'SHIPPED'",
            "UPDATE orders SET status = 'created'",
            "UPDATE orders SET status = 'COMPLETE', payment_key = NULL",
            "UPDATE orders SET status = 'REJECTED', reject_reason = NULL",
            "UPDATE orders SET status = 'REJECTED', reject_reason = 'WHATEVER'",
            "UPDATE orders SET request_id = ''",
            "UPDATE orders SET member_id = 'a/b'",
            "UPDATE orders SET final_price = -1",
            "UPDATE orders SET total_price = -0.01",
            "UPDATE orders SET intent_key = 'key', intent_amount = -1",
            "UPDATE order_lines SET unit_price = -1",
        ]) {
            opened(&*store, digits, &[(APPLE, 1)]);
            world
                .0
                .sql(&format!("{nonsense} WHERE order_num = '{digits}'"));
            let loaded = store.load(&number(digits));
            assert!(is_corrupt(&loaded), "{nonsense}: {loaded:?}");
        }
    }

    pub(super) fn orders_fail_their_batch_as_a_whole(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let store = world.store();
        opened(&*store, 1, &[(APPLE, 1)]);
        world.0.sql("UPDATE orders SET status = 'SHIPPED'");

        let result = write_in_turn(
            &*store,
            &[open(draft(2, &[(APPLE, 1)])), open(draft(1, &[(APPLE, 1)]))],
        );

        assert!(is_corrupt(&result), "{result:?}");
        assert_eq!(
            (store.load(&number(2)).unwrap(), world.stock(APPLE)),
            (None, APPLES - 1)
        );
    }

    pub(super) fn orders_are_left_out_of_the_reviews(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let store = world.store();
        let orders = [1, 2, 3].map(|digits| opened(&*store, digits, &[(APPLE, 1)]));
        world
            .0
            .sql("UPDATE orders SET status = 'SHIPPED' WHERE order_num = '2'");

        let due = world
            .reviews()
            .due(orders[0].review_at.unwrap(), None, 10)
            .unwrap()
            .orders;

        let numbers: BTreeSet<_> = due.iter().map(|order| &order.number).collect();
        assert_eq!(numbers, BTreeSet::from([&number(1), &number(3)]));

        // Nor does it end the list.
        let reviews = world.reviews();
        let page = |after| reviews.due(orders[0].review_at.unwrap(), after, 1).unwrap();
        let first = page(None);
        let second = page(first.next.as_ref());
        let third = page(second.next.as_ref());
        assert_eq!(first.orders[0].number, number(1));
        assert_eq!(second.orders, []);
        assert_eq!(third.orders[0].number, number(3));
        assert_eq!(page(third.next.as_ref()).next, None);
    }

    pub(super) fn items_and_coupons_are_taken_by_no_order(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let store = world.store();
        for nonsense in [
            "UPDATE items SET price = -1",
            "UPDATE coupons SET kind = 'GIFT'; UPDATE items SET price = 1",
            "UPDATE coupons SET kind = 'PERCENT', percent = 101",
            "UPDATE coupons SET kind = 'FIXED', percent = 10",
            "UPDATE coupons SET percent = NULL, amount = -1",
            "UPDATE coupons SET amount = 1, used_by = 'me'",
        ] {
            world.0.sql(nonsense);
            let mut draft = draft(1, &[(APPLE, 1)]);
            draft.coupon = Some(COUPON);
            let result = write_in_turn(&*store, &[open(draft)]);
            assert!(is_corrupt(&result), "{nonsense}: {result:?}");
        }
        assert_eq!(
            (store.load(&number(1)).unwrap(), world.stock(APPLE)),
            (None, APPLES)
        );
    }
}

mod a_session {
    use super::*;

    #[derive(QueryableByName)]
    struct Status {
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }

    /// What a statement that shows one variable of the session shows.
    fn shown(pool: &Pool, statement: &str) -> Result<String, StoreError> {
        let status: Status =
            session(pool)?.run(|connection| sql_query(statement).get_result(connection))?;
        Ok(status.value)
    }

    fn lock_wait_seconds(pool: &Pool) -> String {
        shown(
            pool,
            "SHOW SESSION VARIABLES LIKE 'innodb_lock_wait_timeout'",
        )
        .unwrap()
    }

    /// The cipher of a connection with this mode and authority; an empty text when it is not encrypted.
    fn cipher(
        database: &TestDatabase,
        ssl_mode: SslMode,
        ssl_ca: Option<&str>,
    ) -> Result<String, StoreError> {
        let settings = DatabaseSettings {
            ssl_mode,
            ssl_ca: ssl_ca.map(str::to_owned),
            ..database.settings()
        };
        let pool = SessionManager::pool(&settings);
        shown(&pool, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    }

    pub(super) fn is_encrypted_or_refused_as_the_ssl_mode_says(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let foreign = Some("/etc/ssl/certs/ca-certificates.crt");
        let own = database.authority();

        assert_eq!(
            cipher(&database, SslMode::Disabled, foreign),
            Ok(String::new())
        );
        assert_eq!(
            cipher(&database, SslMode::Preferred, None),
            Ok(String::new())
        );
        let refused = cipher(&database, SslMode::Required, None)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("require encryption"), "{refused}");
        let told = cipher(&database, SslMode::VerifyCa, foreign)
            .unwrap_err()
            .to_string();
        assert!(told.contains("certificate"), "{told}");
        for ssl_mode in [SslMode::Preferred, SslMode::Required, SslMode::VerifyCa] {
            assert!(
                !cipher(&database, ssl_mode, Some(&own)).unwrap().is_empty(),
                "{ssl_mode:?}"
            );
        }
    }

    pub(super) fn with_a_wrong_password_is_unavailable(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let pool = SessionManager::pool(&DatabaseSettings {
            password: "wrong".into(),
            ..database.settings()
        });
        let ping = MysqlOrderStore::new(pool).ping();
        assert!(matches!(&ping, Err(StoreError::Unavailable(_))), "{ping:?}");
    }

    pub(super) fn logs_in_by_the_password_that_its_file_holds_now(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let settings = database.settings();
        // One account of its own, because others are shared by all tests.
        let user = &settings.name;
        database.sql(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'first'"));
        database.sql(&format!("GRANT ALL ON `{user}`.* TO '{user}'@'%'"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first\n").unwrap();
        let mut env = EnvReader::new([("PASSWORD_FILE", file.path().to_str().unwrap())]);
        let pool = SessionManager::pool(&DatabaseSettings {
            username: user.clone(),
            password: env.required_secret("PASSWORD"),
            ..settings.clone()
        });
        let _watch = env.secret_files().watch().unwrap();
        let _kept = session(&pool).unwrap();

        database.sql(&format!("ALTER USER '{user}'@'%' IDENTIFIED BY 'second'"));
        assert!(session(&pool).is_err());
        std::fs::write(file.path(), "second\n").unwrap();
        while session(&pool).is_err() {}

        database.sql(&format!("DROP USER '{user}'@'%'"));
    }

    pub(super) fn that_waits_for_a_locked_row_gives_up_first(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let store = world.store();
        let pool = world.0.pool();
        let mut somebody = session(&pool).unwrap();
        let mut run = |statement: &str| {
            somebody
                .run(|connection| connection.batch_execute(statement))
                .unwrap()
        };
        run("START TRANSACTION");
        run("UPDATE items SET stock = stock - 1 WHERE item_id = 1");

        let result = write_in_turn(&*store, &[open(draft(1, &[(APPLE, 1)]))]);
        assert!(matches!(&result, Err(StoreError::Held(_))), "{result:?}");
        assert_eq!(
            applied(&*store, open(draft(2, &[(THREAD, 1)]))).state,
            OrderState::Created
        );

        // The server would have ended this silent session after `wait_timeout`, so the batch has waited for a shorter time.
        run("ROLLBACK");
        assert_eq!(
            applied(&*store, open(draft(1, &[(APPLE, 1)]))).state,
            OrderState::Created
        );
        assert_eq!(world.stock(APPLE), APPLES - 1);
    }

    pub(super) fn that_skips_locked_rows_waits_for_none(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let pool = world.0.pool();
        let store = MysqlOrderStore::new(pool.clone());
        let hold = world.hold(StoreRow::Item(APPLE));

        let batch = [
            open(draft(1, &[(APPLE, 1)])),
            open(draft(2, &[(THREAD, 1)])),
        ];
        let fates = apply_what_is_free(&store, &batch);

        assert_eq!(fates[0], Fate::Held(StoreRow::Item(APPLE)));
        // The row stays locked, so a wait could only end by a time-out, which rolls the attempt back. MySQL can't fail at once and
        // skips from the start. MariaDB has one attempt that fails, without any wait as the session's setting shows below.
        let rollbacks = shown(&pool, "SHOW SESSION STATUS LIKE 'Com_rollback'").unwrap();
        let (failed_attempts, first_wait) = match flavour {
            Flavour::MariaDb => ("1", "0"),
            Flavour::MySql => ("0", "1"),
        };
        assert_eq!(rollbacks, failed_attempts);

        drop(hold);
        let fates = apply_what_is_free(&store, &batch[..1]);
        assert!(matches!(&fates[..], [Fate::Stored(_)]), "{fates:?}");
        assert_eq!(lock_wait_seconds(&pool), first_wait);
        assert_eq!(pool.state().connections, 1, "all that was read is of it");
    }

    pub(super) fn of_a_paused_process_is_ended_and_its_rows_are_free(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        let (store, silent) = (world.store(), MysqlOrderStore::new(world.0.pool()));
        silent.ping().unwrap();
        let pool = world.0.pool();
        let silence = shown(&pool, "SHOW SESSION VARIABLES LIKE 'wait_timeout'").unwrap();
        assert_eq!(silence, "5");
        let mut stopped = session(&pool).unwrap();
        for statement in [
            "START TRANSACTION",
            "UPDATE items SET stock = stock - 1 WHERE item_id = 1",
        ] {
            stopped
                .run(|connection| connection.batch_execute(statement))
                .unwrap();
        }

        let batch = [open(draft(1, &[(APPLE, 1)]))];
        let result = write_in_turn(&*store, &batch);
        assert!(matches!(&result, Err(StoreError::Held(_))), "{result:?}");
        // Further attempts fail in the same way until the server ends the silent session.
        let fates = apply(&*store, &batch);
        assert!(matches!(&fates[..], [Fate::Stored(_)]), "{fates:?}");
        assert_eq!(world.stock(APPLE), APPLES - 1);
        stopped
            .run(|connection| connection.batch_execute("COMMIT"))
            .unwrap_err();
        silent.ping().unwrap();
    }
}

mod an_outage {
    use std::sync::mpsc::channel;

    use order_service::outbound::mysql::watchdog::{Limits, Watchdog};

    use super::*;

    pub(super) fn that_pauses_the_server_is_seen_by_the_watchdog(flavour: Flavour) {
        let limits = Limits {
            connecting: Duration::from_secs(20),
            working: Duration::from_secs(10),
        };
        let (stuck_tx, stuck_rx) = channel();
        // An error means that the test is over.
        let watchdog = Watchdog::start(limits, move || {
            let _ = stuck_tx.send(());
        });
        let mut server = PrivateServer::start(flavour);
        let pool = server.watched_pool(watchdog);
        fill(&pool);
        let store = MysqlOrderStore::new(pool);
        let order = opened(&store, 1, &[(APPLE, 1)]);
        assert!(stuck_rx.try_recv().is_err());

        server.pause();
        thread::scope(|scope| {
            let begin = Instant::now();
            let load = scope.spawn(|| store.load(&order.number));
            stuck_rx.recv().unwrap();
            // The call begins after `begin`, so the watchdog can't be right any sooner.
            assert!(begin.elapsed() >= limits.working, "{:?}", begin.elapsed());
            server.resume();
            assert_eq!(load.join().unwrap().unwrap().as_ref(), Some(order.as_ref()));
        });
    }

    pub(super) fn fails_calls_until_the_restart(flavour: Flavour) {
        let mut server = PrivateServer::start(flavour);
        let pool = server.pool();
        assert_eq!(pool.connection_timeout(), budget::CONNECTION);
        fill(&pool);
        let store = MysqlOrderStore::new(pool);
        let order = opened(&store, 1, &[(APPLE, 1)]);

        server.kill();
        // The first call finds its connection broken. The second gets no new one: it ends although the server stays away.
        for _ in 0..2 {
            let loaded = store.load(&order.number);
            assert!(
                matches!(&loaded, Err(StoreError::Unavailable(_))),
                "{loaded:?}"
            );
        }
        let result = write_in_turn(&store, &[open(draft(2, &[(APPLE, 1)]))]);
        assert!(
            matches!(&result, Err(StoreError::Unavailable(_))),
            "{result:?}"
        );

        server.restart();
        assert_eq!(
            applied(&store, open(draft(2, &[(APPLE, 1)]))).state,
            OrderState::Created
        );
        assert_eq!(
            store.load(&order.number).unwrap().as_ref(),
            Some(order.as_ref())
        );
        assert_eq!(
            server.sql("SELECT stock FROM items WHERE item_id = 1"),
            (APPLES - 2).to_string()
        );
    }

    pub(super) fn under_load_stores_each_order_once(flavour: Flavour) {
        const WRITERS: u64 = 4;
        const ORDERS: u64 = 40;
        let mut server = PrivateServer::start(flavour);
        let pool = server.pool();
        fill(&pool);
        let half_way = Barrier::new(usize::try_from(WRITERS).unwrap() + 1);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, half_way) = (MysqlOrderStore::new(pool.clone()), &half_way);
                scope.spawn(move || {
                    for nth in 0..ORDERS {
                        if nth == ORDERS / 2 {
                            half_way.wait();
                        }
                        let digits = 1_000 * (writer + 1) + nth;
                        // A stale transition is the order itself: an attempt stored it, and the kill cut off the answer.
                        apply(&store, &[open(draft(digits, &[(APPLE, 1)]))]);
                    }
                });
            }
            half_way.wait();
            server.kill();
            server.restart();
        });

        let counts = server.sql("SELECT COUNT(*), SUM(status = 'CREATED') FROM orders");
        assert_eq!(counts, format!("{0}\t{0}", WRITERS * ORDERS));
        let stock = server.sql("SELECT stock FROM items WHERE item_id = 1");
        assert_eq!(stock, (u64::from(APPLES) - WRITERS * ORDERS).to_string());
    }
}

mod the_catalogue {
    use super::*;

    pub(super) fn keeps_stock_and_prices_when_imported_again(flavour: Flavour) {
        let world = DatabaseWorld::make(flavour);
        opened(&*world.store(), 1, &[(APPLE, 1)]);
        let catalogue = MysqlCatalogue::new(world.0.pool());
        let mut dearer = assortment();
        dearer.products[0].items[0].price = money("99999");
        dearer.products.push(Product {
            id: 2,
            name: "새로운".into(),
            items: vec![],
        });

        catalogue.import(&dearer).unwrap();

        let everything = catalogue.product(1).unwrap().unwrap();
        assert_eq!(
            (everything.items[0].price, everything.items[0].stock),
            (money("12000"), APPLES - 1)
        );
        assert_eq!(
            catalogue.product(2).unwrap().map(|product| product.name),
            Some("새로운".to_owned())
        );
        assert_eq!(catalogue.product(3), Ok(None));
    }

    pub(super) fn lists_each_product_once_with_its_items(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        migrate(&database.pool()).unwrap();
        let catalogue = MysqlCatalogue::new(database.pool());
        let product =
            |id: i64| {
                let items = items().into_iter().take(2).map(|item| {
                    order_service::domain::catalogue::Item {
                        id: id * 10 + item.id,
                        ..item
                    }
                });
                Product {
                    id,
                    name: format!("product {id}"),
                    items: items.collect(),
                }
            };
        let products: Vec<Product> = [-5, 1, 2, 7, 900].map(product).into();
        let assortment = Assortment {
            products: products.clone(),
            coupons: vec![],
            coupon_names: [].into(),
        };
        catalogue.import(&assortment).unwrap();

        let pages = [(None, 2), (Some(1), 2), (Some(7), 2), (Some(900), 2)]
            .map(|(after, limit)| catalogue.products(after, limit).unwrap());

        assert_eq!(pages.concat(), products);
        assert_eq!(pages.map(|page| page.len()), [2, 2, 1, 0]);
    }

    pub(super) fn recommends_what_is_neither_bought_nor_sold_out(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        migrate(&database.pool()).unwrap();
        let catalogue = MysqlCatalogue::new(database.pool());
        // Product 4 has nothing left of one item, product 5 of both; product 6 has no item.
        let item = |id, stock| Item {
            id,
            name: "item".into(),
            price: money("1"),
            stock,
        };
        let product = |id, stocks: &[u32]| Product {
            id,
            name: format!("product {id}"),
            items: (10 * id..)
                .zip(stocks)
                .map(|(item_id, stock)| item(item_id, *stock))
                .collect(),
        };
        let products = [
            product(1, &[1]),
            product(2, &[1, 1]),
            product(3, &[9]),
            product(4, &[0, 1]),
            product(5, &[0, 0]),
            product(6, &[]),
        ];
        let assortment = Assortment {
            products: products.to_vec(),
            coupons: vec![],
            coupon_names: [].into(),
        };
        catalogue.import(&assortment).unwrap();
        let recommended = |bought: &[i64], limit| {
            let bought = bought.iter().copied().collect();
            catalogue.recommended(&bought, limit).unwrap()
        };

        let [one, two, three, four, ..] = products;
        assert_eq!(
            recommended(&[], 10),
            [four.clone(), three.clone(), two, one.clone()]
        );
        assert_eq!(
            recommended(&[21, 404], 10),
            [four.clone(), three.clone(), one]
        );
        assert_eq!(recommended(&[21], 2), [four, three]);
        assert_eq!(recommended(&[10, 20, 30, 40], 10), []);
    }

    pub(super) fn lists_coupons_that_can_be_used_now(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        migrate(&database.pool()).unwrap();
        let catalogue = MysqlCatalogue::new(database.pool());
        let coupon = |id, from: i64, until: i64| Coupon {
            id,
            discount: Discount::Fixed(money("1")),
            minimum_total: money("0"),
            valid_from: now() + TimeDelta::seconds(from),
            valid_until: now() + TimeDelta::seconds(until),
            used_by: None,
        };
        let used = Coupon {
            used_by: Some(number(1)),
            ..coupon(1, -9, 1)
        };
        let usable = [coupon(6, 0, 5), coupon(2, -9, 7), coupon(3, -9, 7)];
        let assortment = Assortment {
            products: vec![],
            coupons: [used, coupon(4, 1, 9), coupon(5, -9, 0)]
                .into_iter()
                .chain(usable.clone())
                .collect(),
            coupon_names: [(2, "가을".to_owned())].into(),
        };
        catalogue.import(&assortment).unwrap();

        let listed = catalogue.usable_coupons(now(), 10).unwrap();

        let names = ["", "가을", ""].map(str::to_owned);
        let expected = usable.into_iter().zip(names);
        let expected: Vec<_> = expected
            .map(|(coupon, name)| NamedCoupon { coupon, name })
            .collect();
        assert_eq!(listed, expected);
        assert_eq!(catalogue.usable_coupons(now(), 1).unwrap(), expected[..1]);
    }
}
