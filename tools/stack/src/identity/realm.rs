//! Keycloak's realm for the mall: a client, a scope, and a user for each sample member. Must not know how it is imported.

use super::{AUDIENCE, SUPPORT_SCOPE};
use crate::SAMPLE_MEMBERS;
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The realm's name.
pub(super) const NAME: &str = "mall";
/// The client through which members log in.
pub(super) const CLIENT: &str = "shop";
/// The claim that names the member.
pub(super) const MEMBER_CLAIM: &str = "preferred_username";
/// The user who has the role that the support's scope needs; the role has the same name.
pub(super) const SUPPORT: &str = "support";

const TOKEN_SECONDS: u32 = 3_600;

/// The realm as Keycloak imports it; all users have that password.
pub(super) fn document(password: &str) -> Result<String> {
    let members: Vec<Value> =
        serde_json::from_str(SAMPLE_MEMBERS).context("the sample members are not JSON")?;
    let mut users: Vec<Value> = members
        .iter()
        .map(|member| user(&member["memberId"], &[], password))
        .collect();
    users.push(user(&json!(SUPPORT), &[SUPPORT], password));
    let realm = json!({
        "realm": NAME,
        "enabled": true,
        "sslRequired": "none",
        "accessTokenLifespan": TOKEN_SECONDS,
        "roles": {"realm": [{"name": SUPPORT}]},
        "clientScopes": [{
            "name": SUPPORT_SCOPE,
            "protocol": "openid-connect",
            "attributes": {"include.in.token.scope": "true"},
        }],
        // Who lacks the role does not get the scope.
        "scopeMappings": [{"clientScope": SUPPORT_SCOPE, "roles": [SUPPORT]}],
        "clients": [client()],
        "users": users,
    });
    Ok(realm.to_string())
}

/// By itself Keycloak says neither the audience nor, to a client without its usual scopes, the subject.
fn client() -> Value {
    json!({
        "clientId": CLIENT,
        "publicClient": true,
        "directAccessGrantsEnabled": true,
        "standardFlowEnabled": false,
        "fullScopeAllowed": false,
        "optionalClientScopes": [SUPPORT_SCOPE],
        "protocolMappers": [
            mapper("audience", "oidc-audience-mapper", &[("included.custom.audience", AUDIENCE)]),
            mapper("subject", "oidc-sub-mapper", &[]),
            mapper(
                "member",
                "oidc-usermodel-attribute-mapper",
                &[
                    ("user.attribute", "username"),
                    ("claim.name", MEMBER_CLAIM),
                    ("jsonType.label", "String"),
                ],
            ),
        ],
    })
}

fn mapper(name: &str, kind: &str, settings: &[(&str, &str)]) -> Value {
    let mut config = json!({"access.token.claim": "true"});
    for &(key, value) in settings {
        config[key] = json!(value);
    }
    json!({"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config})
}

/// Without name and address a user could not log in before completing them.
fn user(name: &Value, roles: &[&str], password: &str) -> Value {
    let address = format!("{}@example.com", name.as_str().unwrap_or_default());
    json!({
        "username": name,
        "enabled": true,
        "email": address,
        "emailVerified": true,
        "firstName": name,
        "lastName": name,
        "realmRoles": roles,
        "credentials": [{"type": "password", "value": password}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_member_is_a_user_and_only_support_has_the_role() {
        let realm: Value = serde_json::from_str(&document("secret").unwrap()).unwrap();
        let users = realm["users"].as_array().unwrap();
        let names: Vec<&str> = users
            .iter()
            .map(|user| user["username"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["minji", "junho", "grace", SUPPORT]);
        let with_role = users
            .iter()
            .filter(|user| user["realmRoles"] == json!([SUPPORT]));
        assert_eq!(with_role.count(), 1);
    }
}
