//! How many requests clients may send.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `REQUESTS_PER_MEMBER_PER_MINUTE` | `0` | requests of a member that ask who asks; 0 is no limit |
//! | `REQUESTS_PER_ADDRESS_PER_MINUTE` | `0` | requests from an IPv4 address or a /64 network of IPv6; 0 is no limit |
//! | `TRUSTED_PROXIES` | `0` | how many proxies a request passes that append to `X-Forwarded-For`; 0: the address is the peer's |

use shared::env::EnvReader;

use crate::inbound::http::request_limits::RequestQuotas;

/// More a minute than a service answers.
const MOST: u32 = 1_000_000;

const PER_MEMBER: &str = "REQUESTS_PER_MEMBER_PER_MINUTE";
const PER_ADDRESS: &str = "REQUESTS_PER_ADDRESS_PER_MINUTE";
const PROXIES: &str = "TRUSTED_PROXIES";

/// Reads the limits. Proxies without a limit by address are a problem: whoever sets them believes that addresses are looked at.
pub(super) fn read(env: &mut EnvReader) -> RequestQuotas {
    let quotas = RequestQuotas {
        per_member: env.limit(PER_MEMBER, MOST),
        per_address: env.limit(PER_ADDRESS, MOST),
        trusted_proxies: env.within(PROXIES, 0..=16, 0),
    };
    if quotas.trusted_proxies > 0 && quotas.per_address.is_none() {
        env.problem(format!("{PROXIES}: is not read without {PER_ADDRESS}"));
    }
    quotas
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn told(variables: &[(&str, &str)]) -> Result<RequestQuotas, String> {
        let mut env = EnvReader::new(variables.iter().copied());
        let quotas = read(&mut env);
        match env.finish() {
            Ok(_) => Ok(quotas),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn there_is_no_limit_unless_one_is_set() {
        assert_eq!(told(&[]), Ok(RequestQuotas::default()));
        let zeros = [(PER_MEMBER, "0"), (PER_ADDRESS, "0"), (PROXIES, "0")];
        assert_eq!(told(&zeros), Ok(RequestQuotas::default()));
        let set = told(&[(PER_MEMBER, "60"), (PER_ADDRESS, "600"), (PROXIES, "2")]);
        let expected = RequestQuotas {
            per_member: NonZeroU32::new(60),
            per_address: NonZeroU32::new(600),
            trusted_proxies: 2,
        };
        assert_eq!(set, Ok(expected));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (name, value) in [
            (PER_MEMBER, "-1"),
            (PER_ADDRESS, "1000001"),
            (PER_ADDRESS, "many"),
            (PROXIES, "17"),
            (PROXIES, "1"),
        ] {
            let told = told(&[(name, value)]).unwrap_err();
            assert!(told.contains(name), "{told}");
        }
    }
}
