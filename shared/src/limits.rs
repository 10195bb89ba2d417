//! The limits of an order that both services hold requests and commands to. Orders that were stored under other limits stay readable.

/// The most lines of an order. An order of so many fits well into a request's body, and into a batch beside others.
pub const MAX_LINES: usize = 100;

/// The most refunds of one order, those that the gateway has refused included.
pub const MAX_REFUNDS: usize = 100;

/// What is kept of the cause of a declined payment, in characters: the width of the database's column.
pub const MAX_REJECT_DETAIL: usize = 500;

/// The largest body of an HTTP request, in bytes: several times that of an order with [`MAX_LINES`].
pub const MAX_BODY: usize = 64 * 1024;

/// Whether so many pieces can be ordered. Whether there are so many is for the stock to say.
#[must_use]
pub fn is_quantity(pieces: i64) -> bool {
    pieces >= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_at_least_one() {
        for (pieces, is_valid) in [
            (i64::MIN, false),
            (-1, false),
            (0, false),
            (1, true),
            (i64::MAX, true),
        ] {
            assert_eq!(is_quantity(pieces), is_valid, "{pieces}");
        }
    }
}
