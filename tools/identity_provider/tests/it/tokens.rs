//! What a token says, verified as a resource server does.

use crate::provider::Provider;

#[tokio::test]
async fn a_token_is_verified_by_the_published_key() {
    let provider = Provider::start(&[]);
    let token = provider.token("minji").await;
    let verified = provider.verify(&token, "mall").await.unwrap();
    assert_eq!(verified.header.typ.as_deref(), Some("at+jwt"));
    let claims = verified.claims;
    assert_eq!(claims["iss"], provider.issuer.as_str());
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&"minji".into(), &"mall".into())
    );
    let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(expires.unwrap() - issued.unwrap(), 3_600);
    assert!(claims.get("scope").is_none());
    let other = provider.token("minji").await;
    let other = provider.verify(&other, "mall").await.unwrap();
    assert_ne!(other.claims["jti"], claims["jti"]);
}

#[tokio::test]
async fn a_scope_is_in_the_token_and_in_the_answer() {
    let provider = Provider::start(&[]);
    let grant = provider.grant("grace", Some("mall.support")).await;
    assert_eq!(grant["scope"], "mall.support");
    assert_eq!(
        (&grant["token_type"], &grant["expires_in"]),
        (&"Bearer".into(), &3_600.into())
    );
    let token = grant["access_token"].as_str().unwrap();
    let verified = provider.verify(token, "mall").await.unwrap();
    assert_eq!(verified.claims["scope"], "mall.support");
}

#[tokio::test]
async fn audience_and_lifetime_are_settings() {
    let provider = Provider::start(&["--audience", "shop", "--token-seconds", "5"]);
    let grant = provider.grant("minji", None).await;
    assert_eq!(grant["expires_in"], 5);
    let token = grant["access_token"].as_str().unwrap();
    let claims = provider.verify(token, "shop").await.unwrap().claims;
    assert_eq!(claims["aud"], "shop");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        5
    );
}
