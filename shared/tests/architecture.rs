//! What the shared crate may name where, and a test of the test.

#[path = "support/architecture.rs"]
mod architecture;

use architecture::{Rule, hold, violations};

const RULES: &[Rule] = &[
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &[
            "order_service",
            "composite_service",
            "stack",
            "payment_simulator",
        ],
        because: "what both services use knows neither",
    },
    Rule::Bans {
        within: &[""],
        save: &[],
        names: &["diesel", "reqwest"],
        because: "tables and the gateway belong to a service",
    },
    Rule::Bans {
        within: &[""],
        save: &["postbox.rs"],
        names: &["actix"],
        because: "actors belong to a service; only how they are sent messages is shared",
    },
    Rule::Bans {
        within: &[""],
        save: &["http.rs", "http/"],
        names: &["actix_web", "actix_http", "actix_service"],
        because: "only http answers requests",
    },
    Rule::Bans {
        within: &[""],
        save: &["kafka/", "wire/headers.rs"],
        names: &["rdkafka"],
        because: "only the plumbing and the headers know the client",
    },
    Rule::Bans {
        within: &[""],
        save: &["metrics.rs", "metrics/"],
        names: &["prometheus"],
        because: "only metrics know the format that they are told in",
    },
    Rule::Bans {
        within: &[
            "wire/",
            "money.rs",
            "order_number.rs",
            "reason.rs",
            "kafka/offset_ledger.rs",
        ],
        save: &[],
        names: &["crate::kafka", "crate::env", "log", "tokio", "std::time"],
        because: "these are names, shapes and sums: nothing happens in them",
    },
    Rule::Bans {
        within: &[""],
        save: &["clock.rs"],
        names: &["Utc::now", "Local::now", "SystemTime::now"],
        because: "time is an argument",
    },
    Rule::Bans {
        within: &[""],
        save: &["ids.rs"],
        names: &["rand", "Uuid::new_v4"],
        because: "chance is an argument",
    },
    Rule::Bans {
        within: &[""],
        save: &["env.rs"],
        names: &["std::env"],
        because: "the environment is read once, all its errors are told together",
    },
];

#[test]
fn given_the_source_when_scanned_then_it_keeps_to_the_table() {
    hold(env!("CARGO_MANIFEST_DIR"), RULES);
}

mod the_checker_itself {
    use super::{Rule, violations};

    const PURE: &[Rule] = &[Rule::Bans {
        within: &["domain/"],
        save: &["domain/shell.rs"],
        names: &["log", "std::env", "Utc::now", "crate::outbound"],
        because: "pure",
    }];

    const PORTS: &[Rule] = &[Rule::ImportsOnly {
        within: &["ports/"],
        from: &["std", "crate::domain", "crate::ports"],
        because: "inward",
    }];

    fn in_domain(code: &str) -> Vec<String> {
        violations("domain/order.rs", &format!("//! Text.\n{code}"), PURE)
    }

    #[test]
    fn given_a_banned_name_in_any_form_then_its_line_and_the_reason_are_told() {
        for code in [
            "use log::error;",
            "use ::log;",
            "fn f() { log::error!(\"no\") }",
            "fn f() -> DateTime<Utc> { chrono::Utc::now() }",
            "use std::{fs, env::var};",
            "use std::{env};",
            "use crate::{domain::x, outbound::{a, b}};",
            "use super::super::outbound::mysql;",
            "const A: char = '\"'; use log::warn;",
            "const A: &str = r#\"\"\"#; use log::warn;",
        ] {
            let found = in_domain(code);
            assert_eq!(found.len(), 1, "{code}: {found:?}");
            assert!(
                found[0].starts_with("src/domain/order.rs:2 names ")
                    && found[0].ends_with(": pure"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn given_the_name_where_it_is_no_name_of_the_crate_then_nothing_is_told() {
        for code in [
            "// log::error",
            "/* use log; */",
            "/// Not by `std::env`.",
            "const A: &str = \"use log::error;\";",
            "const A: &str = r#\"log::error\"#;",
            "fn f<'a>(log: &'a str) -> usize { log.len() }",
            "use crate::domain::log;",
            "#[cfg(test)]\nmod tests { use log::error; }",
        ] {
            assert_eq!(in_domain(code), Vec::<String>::new(), "{code}");
        }
        assert_eq!(
            violations("domain/shell.rs", "//! Text.\nuse log::error;", PURE),
            Vec::<String>::new()
        );
        assert_eq!(
            violations("domains.rs", "//! Text.\nuse log::error;", PURE),
            Vec::<String>::new()
        );
    }

    #[test]
    fn given_imports_from_elsewhere_then_each_is_told() {
        let code = "//! Text.\nuse std::sync::Arc;\nuse super::order_store::StoreError;\nuse crate::{domain::order, actors::x};\nuse tokio::sync;";
        let found = violations("ports/catalogue.rs", code, PORTS);
        let expected = [
            "src/ports/catalogue.rs:4 imports crate::actors::x: inward",
            "src/ports/catalogue.rs:5 imports tokio::sync: inward",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn given_a_long_file_or_one_without_its_purpose_then_that_is_told() {
        let file = |production: usize, tests: usize| {
            format!(
                "//! Text.\n{}\n#[cfg(test)]\n{}",
                "fn f() {}\n".repeat(production),
                "// test\n".repeat(tests)
            )
        };
        assert_eq!(
            violations("a.rs", &file(390, 190), &[]),
            Vec::<String>::new()
        );
        assert!(violations("a.rs", &file(401, 0), &[])[0].contains("before its inline tests"));
        assert!(violations("a.rs", &file(390, 300), &[])[0].contains("with its inline tests"));
        assert!(violations("a.rs", "fn f() {}", &[])[0].contains("does not begin with //!"));
    }
}
