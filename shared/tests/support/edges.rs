//! Values at and around the contract's limits, and whether they are within. Included by the tests of both services, so that each shows
//! that it accepts exactly these.

/// Payment keys.
pub(crate) fn payment_keys() -> Vec<(String, bool)> {
    let mut keys = vec![
        (String::new(), false),
        ("k".repeat(200), true),
        ("k".repeat(201), false),
        ("🗝".repeat(200), true),
        ("🗝".repeat(201), false),
        (".".to_owned(), false),
        ("..".to_owned(), false),
        ("...".to_owned(), true),
        ("../x".to_owned(), true),
        ("%2e%2e".to_owned(), true),
        (" a ".to_owned(), true),
        ("결제 \"키\"".to_owned(), true),
    ];
    let controls = ["\0", "\t", "\n", "\r", "\u{1f}", "\u{7f}", "\u{85}"];
    keys.extend(controls.map(|control| (format!("a{control}b"), false)));
    keys
}

/// Idempotency keys.
pub(crate) fn idempotency_keys() -> Vec<(String, bool)> {
    let mut keys = vec![
        (String::new(), false),
        ("k".repeat(255), true),
        ("k".repeat(256), false),
        (" ".to_owned(), false),
        (" k".to_owned(), false),
        ("k ".to_owned(), false),
        ("two words".to_owned(), true),
        ("\"quoted\"".to_owned(), true),
        ("back\\slash".to_owned(), true),
        ("!~".to_owned(), true),
        ("열쇠".to_owned(), false),
        ("caf\u{e9}".to_owned(), false),
    ];
    let controls = ["\0", "\t", "\n", "\u{7f}"];
    keys.extend(controls.map(|control| (format!("a{control}b"), false)));
    keys
}

/// Numbers of lines. An order without any is left out: a Spring composite sends such ones, shoppers may not.
pub(crate) const LINES: [(usize, bool); 5] = [
    (1, true),
    (99, true),
    (100, true),
    (101, false),
    (1_000, false),
];
