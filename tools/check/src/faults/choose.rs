//! Names → faults.

use crate::faults::kind::FaultKind;
use crate::issuer::IssuerKind;
use anyhow::{Context, Result, bail};
use stack::BrokerKind;

/// The faults of these names, of `all` or of `none`, as far as they can strike a mall with that broker and that issuer of tokens.
///
/// # Errors
/// When there is no such fault, or one that is named can't strike such a mall.
pub fn choose(
    names: &[String],
    broker: BrokerKind,
    issuer: Option<IssuerKind>,
) -> Result<Vec<FaultKind>> {
    let mut faults = Vec::new();
    for name in names {
        match name.as_str() {
            "none" => {}
            "all" => {
                let all = FaultKind::ALL.iter().copied();
                faults.extend(all.filter(|fault| fault.lacks(broker, issuer).is_none()));
            }
            name => {
                let fault = FaultKind::named(name);
                let fault = fault
                    .with_context(|| format!("there is no fault '{name}': see --list-faults"))?;
                if let Some(lacking) = fault.lacks(broker, issuer) {
                    bail!("{name} needs {lacking}");
                }
                faults.push(fault);
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn faults_are_found_by_name_and_others_refused() {
        let kafka = BrokerKind::Kafka;
        assert_eq!(choose(&names(&["none"]), kafka, None).unwrap(), []);
        let all = choose(&names(&["all"]), kafka, Some(IssuerKind::Keycloak));
        assert_eq!(all.unwrap(), FaultKind::ALL);
        assert!(choose(&names(&["kill-issuer"]), kafka, None).is_err());
        let two = choose(&names(&["kill-order", "cut-db"]), kafka, None).unwrap();
        assert_eq!(two, [FaultKind::KillOrder, FaultKind::CutDb]);
        assert!(choose(&names(&["flood"]), kafka, None).is_err());
    }

    #[test]
    fn with_the_embedded_broker_all_leaves_out_what_can_not_strike_it() {
        let all = choose(&names(&["all"]), BrokerKind::Embedded, None).unwrap();
        assert!(!all.contains(&FaultKind::KillBroker) && all.contains(&FaultKind::KillDb));
        assert!(choose(&names(&["cut-db"]), BrokerKind::Embedded, None).is_err());
    }
}
