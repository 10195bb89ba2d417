//! Both databases keep what was committed over a power cut, and let the order service's user in over the network.

use crate::support::{exists, place};
use stack::{Credentials, Database, Flavour, mysql_is_left_out};
use std::process::Command;

/// Runs a statement as the order service would reach the database: over the network, with its own password.
fn over_the_network(credentials: &Credentials, statement: &str) -> Result<String, String> {
    let (host, port) = credentials.host.split_once(':').unwrap();
    let output = Command::new("mariadb")
        .args([
            "--no-defaults",
            "--default-character-set=utf8mb4",
            "--batch",
            "--skip-column-names",
            "--host",
            host,
            "--port",
            port,
        ])
        .args([
            "--user",
            &credentials.user,
            "--database",
            &credentials.name,
            "--execute",
            statement,
        ])
        .env("MYSQL_PWD", &credentials.password)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn keeps_what_was_committed(flavour: Flavour) {
    let (_folder, place) = place();
    let mut database = Database::start(flavour, &place, 0).unwrap();
    let user = database.credentials();
    over_the_network(
        &user,
        "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO t VALUES (1, '주문')",
    )
    .unwrap();
    assert_eq!(database.sql("SELECT id, name FROM t").unwrap(), "1\t주문");

    database.kill_9().unwrap();
    database.restart().unwrap();
    assert_eq!(
        over_the_network(&user, "SELECT COUNT(*) FROM t").unwrap(),
        "1"
    );

    let pid = database.service().pid();
    drop(database);
    assert!(!exists(pid), "the server outlived its handle");

    let again = Database::start(flavour, &place, 0).unwrap();
    assert_eq!(
        over_the_network(&again.credentials(), "SELECT COUNT(*) FROM t").unwrap(),
        "1"
    );
}

fn gives_its_user_only_what_it_needs(flavour: Flavour) {
    let (_folder, place) = place();
    let database = Database::start(flavour, &place, 0).unwrap();
    let own = database.create_database("another").unwrap();
    assert_eq!(
        over_the_network(&own, "SELECT DATABASE()").unwrap(),
        "another"
    );
    over_the_network(&own, "SELECT User FROM mysql.user").unwrap_err();
    let stranger = Credentials {
        password: "wrong".into(),
        ..database.credentials()
    };
    over_the_network(&stranger, "SELECT 1").unwrap_err();
    let root = Credentials {
        user: "root".into(),
        password: String::new(),
        ..database.credentials()
    };
    over_the_network(&root, "SELECT 1").unwrap_err();
}

fn is_durable(flavour: Flavour) {
    let (_folder, place) = place();
    let database = Database::start(flavour, &place, 0).unwrap();
    assert_eq!(
        database
            .sql("SELECT @@innodb_flush_log_at_trx_commit")
            .unwrap(),
        "1"
    );
    let set = database
        .sql("SELECT @@character_set_server, @@max_connections")
        .unwrap();
    assert_eq!(set, "utf8mb4\t200");
    assert!(
        database
            .sql("SELECT nonsense")
            .unwrap_err()
            .to_string()
            .contains("nonsense")
    );
}

#[test]
fn mariadb_keeps_what_was_committed_over_a_kill_and_a_new_start() {
    keeps_what_was_committed(Flavour::MariaDb);
}

#[test]
fn mariadb_gives_its_user_only_what_it_needs() {
    gives_its_user_only_what_it_needs(Flavour::MariaDb);
}

#[test]
fn mariadb_is_durable() {
    is_durable(Flavour::MariaDb);
}

#[test]
fn mysql_keeps_what_was_committed_over_a_kill_and_a_new_start() {
    with_mysql(keeps_what_was_committed);
}

#[test]
fn mysql_gives_its_user_only_what_it_needs() {
    with_mysql(gives_its_user_only_what_it_needs);
}

#[test]
fn mysql_is_durable() {
    with_mysql(is_durable);
}

fn with_mysql(test: fn(Flavour)) {
    if mysql_is_left_out() {
        return;
    }
    test(Flavour::MySql);
}
