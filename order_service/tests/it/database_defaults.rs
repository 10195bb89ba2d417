//! Servers whose defaults are not ours: another language, another mode, encryption only. And addresses and passwords that are easily misread.

use diesel::{RunQueryDsl, sql_query};
use order_service::config::{DatabaseSettings, SslMode};
use order_service::domain::order::OrderState;
use order_service::outbound::mysql::catalogue::MysqlCatalogue;
use order_service::outbound::mysql::order_store::MysqlOrderStore;
use order_service::outbound::mysql::pool::{SessionManager, session};
use order_service::ports::catalogue::Catalogue;
use order_service::ports::order_store::{Fate, OrderStore, StoreError, StoreRow};
use stack::Flavour;

use crate::alone::alone;
use crate::harness::databases::{PrivateServer, TestDatabase};
use crate::harness::samples::*;
use crate::harness::shop::LONGEST_WAIT;
use crate::harness::stores::*;

on_each_server! {
    a_server_in_another_language {
        tells_held_rows_from_outages,
        tells_values_that_never_fit,
    }
    every_sql_mode {
        of_the_server_leaves_the_shop_open,
    }
    other_defaults {
        of_the_server_leave_the_shop_open,
    }
    a_server_that_requires_encryption {
        is_served_encrypted_or_its_setting_is_named,
    }
    an_idle_pool {
        logs_no_error,
    }
    the_account {
        may_have_any_name_and_password,
    }
    the_address {
        localhost_is_asked_by_tcp,
    }
}

/// Languages that both servers have.
const LANGUAGES: [&str; 3] = ["ja_JP", "de_DE", "ko_KR"];

/// Sells from this server.
fn assert_open(server: &PrivateServer, what: &str) {
    let store = MysqlOrderStore::new(server.pool());
    let order = opened(&store, 1, &[(APPLE, 1), (THREAD, 1)]);
    assert_eq!(order.state, OrderState::Created, "{what}");
    assert_eq!(
        store.load(&order.number).unwrap().as_ref(),
        Some(&*order),
        "{what}"
    );
    let paid = applied(&store, complete(&order, "it's \"paid\" \\"));
    assert_eq!(
        store.load(&order.number).unwrap().as_ref(),
        Some(&*paid),
        "{what}"
    );
}

mod a_server_in_another_language {
    use super::*;

    fn switch(server: &PrivateServer, language: &str) {
        server.sql(&format!("SET GLOBAL lc_messages = '{language}'"));
    }

    pub(super) fn tells_held_rows_from_outages(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        fill(&server.pool());
        for (digits, language) in (1..).step_by(10).zip(LANGUAGES) {
            switch(&server, language);
            let store = MysqlOrderStore::new(server.pool());
            let _hold = hold(&server.pool(), &StoreRow::Item(APPLE));
            let batch = [
                open(draft(digits, &[(APPLE, 1)])),
                open(draft(digits + 1, &[(THREAD, 1)])),
            ];

            let fates = apply_what_is_free(&store, &batch);
            assert_eq!(fates[0], Fate::Held(StoreRow::Item(APPLE)), "{language}");
            assert!(matches!(fates[1], Fate::Stored(_)), "{language}: {fates:?}");

            let result = write_in_turn(&store, &batch[..1]);
            assert!(
                matches!(&result, Err(StoreError::Held(_))),
                "{language}: {result:?}"
            );
        }
    }

    pub(super) fn tells_values_that_never_fit(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        fill(&server.pool());
        for language in LANGUAGES {
            switch(&server, language);
            let pool = server.pool();
            for never in [
                "UPDATE items SET name = REPEAT('x', 201)",
                "UPDATE items SET stock = -1",
                "UPDATE items SET price = 'dear'",
                "UPDATE coupons SET valid_from = 'yesterday'",
                "INSERT INTO orders (order_num) VALUES (REPEAT('1', 41))",
                "UPDATE items SET product_id = 404",
                "UPDATE items SET item_id = 1",
            ] {
                let result = session(&pool)
                    .unwrap()
                    .run(|connection| sql_query(never).execute(connection));
                assert!(
                    matches!(&result, Err(StoreError::Refused(_))),
                    "{language}: {never}: {result:?}"
                );
            }
        }
    }
}

mod every_sql_mode {
    use super::*;

    const MODES: [&str; 7] = [
        "TRADITIONAL",
        "ANSI",
        "ANSI_QUOTES",
        "NO_BACKSLASH_ESCAPES",
        "PAD_CHAR_TO_FULL_LENGTH",
        "STRICT_ALL_TABLES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,IGNORE_SPACE",
        "",
    ];
    const MODES_OF_MARIADB: [&str; 3] = ["ORACLE", "MSSQL", "EMPTY_STRING_IS_NULL"];

    pub(super) fn of_the_server_leaves_the_shop_open(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        let more = match flavour {
            Flavour::MariaDb => &MODES_OF_MARIADB[..],
            Flavour::MySql => &[],
        };
        for mode in MODES.iter().chain(more) {
            server.sql(&format!("SET GLOBAL sql_mode = '{mode}'"));
            server.sql("DROP DATABASE orders; CREATE DATABASE orders CHARACTER SET utf8mb4");
            fill(&server.pool());
            assert_open(&server, mode);
        }
    }
}

mod other_defaults {
    use super::*;

    pub(super) fn of_the_server_leave_the_shop_open(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        server.sql(
            "SET GLOBAL autocommit = 0, GLOBAL completion_type = 'RELEASE', GLOBAL sql_select_limit = 1, \
             GLOBAL default_storage_engine = 'MyISAM', GLOBAL sql_safe_updates = 1",
        );
        fill(&server.pool());
        assert_open(&server, "");

        let products = MysqlCatalogue::new(server.pool())
            .products(None, 10)
            .unwrap();
        assert!(products[0].items.len() > 1, "{products:?}");
    }
}

mod a_server_that_requires_encryption {
    use super::*;

    pub(super) fn is_served_encrypted_or_its_setting_is_named(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        server.sql("SET GLOBAL require_secure_transport = ON");
        let ping = |ssl_mode, ssl_ca| {
            MysqlOrderStore::new(SessionManager::pool(&DatabaseSettings {
                ssl_mode,
                ssl_ca,
                ..server.settings()
            }))
            .ping()
        };

        let told = ping(SslMode::Preferred, None).unwrap_err().to_string();
        assert!(told.contains("because DB_SSL_CA is not set"), "{told}");
        let told = ping(SslMode::Disabled, None).unwrap_err().to_string();
        assert!(told.contains("because DB_SSL_MODE is disabled"), "{told}");

        assert_eq!(ping(SslMode::Preferred, Some(server.authority())), Ok(()));
    }
}

mod an_idle_pool {
    use super::*;

    pub(super) fn logs_no_error(flavour: Flavour) {
        let test = format!(
            "database_defaults::{}::an_idle_pool::logs_no_error",
            flavour.name()
        );
        let output = alone(&test, || {
            let server = PrivateServer::start(flavour);
            let store = MysqlOrderStore::new(server.pool());
            store.ping().unwrap();
            let sessions =
                "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'order_admin'";
            assert_eq!(server.sql(sessions), "1");
            // The server ends it by itself.
            stack::until("the end of the session", LONGEST_WAIT, || {
                Ok((server.sql(sessions) == "0").then_some(()))
            })
            .unwrap();
            store.ping().unwrap();
            log::info!("the store is reached again");
        });
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        assert!(log.contains("the store is reached again"), "{log}");
        assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    }
}

mod the_account {
    use super::*;

    pub(super) fn may_have_any_name_and_password(flavour: Flavour) {
        let server = PrivateServer::start(flavour);
        server.sql(
            "CREATE DATABASE `가게 %41?`; CREATE USER 'a@b/c'@'%' IDENTIFIED BY '%41/?#:가 `'; \
             GRANT ALL ON `가게 \\%41?`.* TO 'a@b/c'@'%'",
        );
        let pool = SessionManager::pool(&DatabaseSettings {
            name: "가게 %41?".to_owned(),
            username: "a@b/c".to_owned(),
            password: "%41/?#:가 `".into(),
            ..server.settings()
        });
        fill(&pool);
        assert_eq!(
            server.sql("SELECT COUNT(*) > 0 FROM `가게 %41?`.items"),
            "1"
        );
    }
}

mod the_address {
    use super::*;

    pub(super) fn localhost_is_asked_by_tcp(flavour: Flavour) {
        let database = TestDatabase::create(flavour);
        let settings = database.settings();
        let pool = SessionManager::pool(&DatabaseSettings {
            address: ("localhost".to_owned(), settings.address.1),
            ..settings
        });
        assert_eq!(MysqlOrderStore::new(pool).ping(), Ok(()));
    }
}
