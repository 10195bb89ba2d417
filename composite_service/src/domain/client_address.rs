//! Whose address a request comes from. Behind proxies the peer is the nearest of them, and `X-Forwarded-For` says who is before it.

// The part of `std::net` that has addresses only, and no sockets.
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The upper 64 bits of an IPv6 address. A provider gives one subscriber all the addresses that share them.
const SUBSCRIBER: u128 = u128::MAX << 64;

/// The header does not say who is before the proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has fewer entries than there are proxies.
    #[error("X-Forwarded-For has fewer addresses than TRUSTED_PROXIES says")]
    TooShort,
    /// The entry is no address.
    #[error("X-Forwarded-For has no IP address where TRUSTED_PROXIES says that the client's is")]
    NoAddress,
}

/// The address of the client of the outermost trusted proxy. `forwarded` has the values of `X-Forwarded-For` in their order, each a list; a
/// value that is no text is empty. Each proxy appends its client's address to the right, so the one that counts is the `proxies`-th from the
/// right. What stands to its left was sent by the client, and may be forged.
///
/// # Errors
/// When the header does not say.
pub fn behind<'a>(
    proxies: usize,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
) -> Result<IpAddr, Unreadable> {
    let mut from_the_right = forwarded.rev().flat_map(|value| value.rsplit(','));
    let entry = from_the_right.nth(proxies.saturating_sub(1));
    let entry = entry.ok_or(Unreadable::TooShort)?;
    address(entry.trim()).ok_or(Unreadable::NoAddress)
}

/// Some proxies add the port, and write an IPv6 address in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let bracketed = |entry: &str| {
        let inner = entry.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    let with_port = |entry: &str| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let plain = entry.parse().ok();
    plain
        .or_else(|| bracketed(entry))
        .or_else(|| with_port(entry))
}

/// The addresses that one client has: a single one of IPv4, a /64 network of IPv6. Named by the first of them.
#[must_use]
pub fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & SUBSCRIBER)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn told(proxies: usize, values: &[&str]) -> Result<IpAddr, Unreadable> {
        behind(proxies, values.iter().copied())
    }

    mod the_address_that_counts {
        use super::*;

        #[test]
        fn is_as_many_from_the_right_as_there_are_proxies() {
            let chain = ["9.9.9.9, 3.3.3.3", "2.2.2.2,1.1.1.1"];
            for (proxies, expected) in [
                (1, "1.1.1.1"),
                (2, "2.2.2.2"),
                (3, "3.3.3.3"),
                (4, "9.9.9.9"),
            ] {
                assert_eq!(told(proxies, &chain), Ok(ip(expected)), "{proxies}");
            }
            assert_eq!(told(5, &chain), Err(Unreadable::TooShort));
        }

        #[test]
        fn is_the_same_whatever_a_client_has_put_in_front() {
            for forged in [
                "",
                ",",
                "6.6.6.6",
                "6.6.6.6,7.7.7.7,",
                "nonsense",
                "[::",
                "\"1",
                "unknown, ,",
            ] {
                // The client's own header, with what two proxies have added: in the same line, or in lines of their own.
                let one_line = format!("{forged}, 2.2.2.2, 1.1.1.1");
                for values in [
                    vec![one_line.as_str()],
                    vec![forged, "2.2.2.2", "1.1.1.1"],
                    vec![forged, "2.2.2.2, 1.1.1.1"],
                ] {
                    assert_eq!(told(1, &values), Ok(ip("1.1.1.1")), "{values:?}");
                    assert_eq!(told(2, &values), Ok(ip("2.2.2.2")), "{values:?}");
                }
            }
        }

        #[test]
        fn may_have_a_port_or_brackets() {
            for (text, expected) in [
                ("1.2.3.4", "1.2.3.4"),
                (" 1.2.3.4\t", "1.2.3.4"),
                ("1.2.3.4:5678", "1.2.3.4"),
                ("2001:db8::1", "2001:db8::1"),
                ("[2001:db8::1]", "2001:db8::1"),
                ("[2001:db8::1]:5678", "2001:db8::1"),
            ] {
                assert_eq!(told(1, &[text]), Ok(ip(expected)), "{text}");
            }
        }

        #[test]
        fn is_not_guessed() {
            assert_eq!(told(1, &[]), Err(Unreadable::TooShort));
            for text in [
                "",
                " ",
                "unknown",
                "_hidden",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.4:",
                "1.2.3.4:99999",
                "01.2.3.4",
                "[1.2.3.4]",
                "[2001:db8::1",
                "2001:db8::1]",
                "host:1",
                "1.2.3.4 5",
                "1.1.1.1,",
            ] {
                assert_eq!(told(1, &[text]), Err(Unreadable::NoAddress), "{text:?}");
            }
        }
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        for (address, client) in [
            ("1.2.3.4", "1.2.3.4"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::1", "::"),
        ] {
            assert_eq!(client_of(ip(address)), ip(client), "{address}");
        }
    }
}
