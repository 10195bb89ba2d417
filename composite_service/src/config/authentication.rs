//! How members prove who they are.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `MEMBER_AUTH` | `open` | `open`: `X-Member-Id` is believed, and who knows an order's number may see and pay it; `proxy`: the header is believed when `X-Proxy-Secret` is right; `jwt`: members send a bearer token |
//! | `OIDC_ISSUER` | required by `jwt` | the issuer, as its tokens name it to the letter |
//! | `OIDC_AUDIENCE` | required by `jwt` | the audience that tokens must be for |
//! | `OIDC_JWKS_URL` | told by the issuer | where the issuer's keys are |
//! | `OIDC_PROXY_URL` | none | the HTTP proxy that the issuer is asked through; those of `HTTP_PROXY` and the like are ignored |
//! | `OIDC_MEMBER_CLAIM` | `sub` | the claim that names the member |
//! | `SUPPORT_SCOPE` | `mall.support` | the scope of those who may act on every order |
//! | `PROXY_SECRET` | required by `proxy` | what the proxy proves itself by |
//! | `ORDER_TOKEN_SECRET` | required by `proxy` and `jwt` | what guests' order tokens are made with; the same for all instances |

use std::fmt;
use std::str::FromStr;

use secrecy::ExposeSecret;
use shared::env::EnvReader;
use shared::http_url::{flaw, optional_http_url};
use shared::secret::Secret;
use url::Url;

use crate::domain::order_token::OrderTokens;
use crate::domain::token::TokenRules;

/// How members prove who they are.
#[derive(Debug, Clone)]
pub enum MemberAuth {
    /// Not at all, as with the Spring services.
    Open,
    /// By the proxy before the service, which proves itself by this secret.
    Proxy {
        /// What it sends.
        secret: Secret,
        /// Opens guests' orders.
        order_tokens: OrderTokens,
    },
    /// By tokens.
    Jwt(Box<JwtAuth>),
}

/// How members prove who they are by tokens.
#[derive(Debug, Clone)]
pub struct JwtAuth {
    /// What tokens must claim.
    pub rules: TokenRules,
    /// Where the keys are.
    pub keys: KeySource,
    /// The proxy that the keys are asked for through, where there is one.
    pub proxy: Option<Url>,
    /// Opens guests' orders.
    pub order_tokens: OrderTokens,
}

/// Where the issuer's keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// At this address.
    At(Url),
    /// Where the issuer says in its configuration. The issuer must be told there to the letter.
    OfIssuer(String),
}

/// The least length of the proxy's secret, in bytes: nobody finds it by trying.
const LEAST_PROXY_SECRET: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    Proxy,
    Jwt,
}

#[derive(Debug, thiserror::Error)]
#[error("must be open, proxy or jwt")]
struct UnknownMode;

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "proxy" => Ok(Self::Proxy),
            "jwt" => Ok(Self::Jwt),
            _ => Err(UnknownMode),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Proxy => "proxy",
            Self::Jwt => "jwt",
        })
    }
}

impl MemberAuth {
    /// Reads the settings of the mode that is set. One of another mode is a problem: whoever sets it believes that it is in force.
    pub(super) fn read(env: &mut EnvReader) -> Self {
        let mode = env.parsed("MEMBER_AUTH", Mode::Open);
        for (name, modes) in MODES_OF {
            if !modes.contains(&mode) && env.is_set(name) {
                env.problem(format!("{name}: is not read with MEMBER_AUTH={mode}"));
            }
        }
        match mode {
            Mode::Open => Self::Open,
            Mode::Proxy => Self::Proxy {
                secret: env.required_long_secret("PROXY_SECRET", LEAST_PROXY_SECRET),
                order_tokens: order_tokens(env),
            },
            Mode::Jwt => {
                let issuer = issuer(env);
                let jwks_url = optional_http_url(env, "OIDC_JWKS_URL");
                Self::Jwt(Box::new(JwtAuth {
                    rules: TokenRules {
                        audience: env.required_text("OIDC_AUDIENCE"),
                        member_claim: env.text("OIDC_MEMBER_CLAIM", "sub"),
                        support_scope: env.text("SUPPORT_SCOPE", "mall.support"),
                        issuer: issuer.clone(),
                    },
                    keys: jwks_url.map_or(KeySource::OfIssuer(issuer), KeySource::At),
                    proxy: optional_http_url(env, "OIDC_PROXY_URL"),
                    order_tokens: order_tokens(env),
                }))
            }
        }
    }
}

const MODES_OF: [(&str, &[Mode]); 8] = [
    ("OIDC_ISSUER", &[Mode::Jwt]),
    ("OIDC_AUDIENCE", &[Mode::Jwt]),
    ("OIDC_JWKS_URL", &[Mode::Jwt]),
    ("OIDC_PROXY_URL", &[Mode::Jwt]),
    ("OIDC_MEMBER_CLAIM", &[Mode::Jwt]),
    ("SUPPORT_SCOPE", &[Mode::Jwt]),
    ("PROXY_SECRET", &[Mode::Proxy]),
    ("ORDER_TOKEN_SECRET", &[Mode::Proxy, Mode::Jwt]),
];

/// As text, because tokens are compared with it to the letter; a parsed URL may have another slash.
fn issuer(env: &mut EnvReader) -> String {
    let issuer = env.required_text("OIDC_ISSUER");
    let flaw = match Url::parse(&issuer) {
        Ok(url) => flaw(&url),
        Err(_) => Some("must be an http or https URL"),
    };
    if let Some(flaw) = flaw.filter(|_| !issuer.is_empty()) {
        env.problem(format!("OIDC_ISSUER: {flaw}"));
    }
    issuer
}

fn order_tokens(env: &mut EnvReader) -> OrderTokens {
    let secret = env.required_start_secret("ORDER_TOKEN_SECRET", OrderTokens::LEAST_SECRET);
    OrderTokens::new(secret.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: [(&str, &str); 4] = [
        ("MEMBER_AUTH", "jwt"),
        ("OIDC_ISSUER", "https://id.example/mall"),
        ("OIDC_AUDIENCE", "mall"),
        ("ORDER_TOKEN_SECRET", "hush-hush-hush-hush-hush-hush-hush"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<MemberAuth, String> {
        let mut env = EnvReader::new(variables.iter().copied());
        let auth = MemberAuth::read(&mut env);
        match env.finish() {
            Ok(_) => Ok(auth),
            Err(error) => Err(error.to_string()),
        }
    }

    /// With another value of one of them; an empty one is as good as none.
    fn jwt_with(name: &str, value: &str) -> Result<MemberAuth, String> {
        let others = JWT.iter().filter(|(other, _)| *other != name);
        let all: Vec<_> = others.copied().chain([(name, value)]).collect();
        read(&all)
    }

    #[test]
    fn is_open_unless_it_is_set() {
        assert!(matches!(read(&[]), Ok(MemberAuth::Open)));
    }

    #[test]
    fn jwt_needs_an_issuer_an_audience_and_a_secret() {
        let Ok(MemberAuth::Jwt(jwt)) = read(&JWT) else {
            panic!("the settings are right");
        };
        let JwtAuth { rules, keys, .. } = *jwt;
        assert_eq!(rules.issuer, "https://id.example/mall");
        assert_eq!(
            (&*rules.member_claim, &*rules.support_scope),
            ("sub", "mall.support")
        );
        assert!(matches!(keys, KeySource::OfIssuer(issuer) if issuer == rules.issuer));
        for name in ["OIDC_ISSUER", "OIDC_AUDIENCE", "ORDER_TOKEN_SECRET"] {
            let told = jwt_with(name, "").unwrap_err();
            assert!(told.contains(&format!("{name}: is required")), "{told}");
        }
    }

    #[test]
    fn an_issuer_keeps_its_last_slash() {
        let auth = jwt_with("OIDC_ISSUER", "https://id.example/").unwrap();
        assert!(matches!(auth, MemberAuth::Jwt(jwt) if jwt.rules.issuer.ends_with('/')));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_shown() {
        for (name, value, flaw) in [
            ("MEMBER_AUTH", "token", "must be open, proxy or jwt"),
            ("OIDC_ISSUER", "id.example", "must be an http or https URL"),
            (
                "OIDC_ISSUER",
                "https://hush@id.example",
                "must not name a user",
            ),
            ("OIDC_JWKS_URL", "keys", "relative URL"),
            (
                "OIDC_PROXY_URL",
                "http://us:hush@proxy",
                "must not name a user",
            ),
            ("ORDER_TOKEN_SECRET", "hush", "at least 32 characters"),
        ] {
            let told = jwt_with(name, value).unwrap_err();
            assert!(told.contains(name) && told.contains(flaw), "{told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn a_setting_of_another_mode_is_refused() {
        for (name, value) in &JWT[1..] {
            let told = read(&[(name, value)]).unwrap_err();
            let expected = format!("{name}: is not read with MEMBER_AUTH=open");
            assert!(told.contains(&expected), "{told}");
        }
        let told = jwt_with("PROXY_SECRET", "hush").unwrap_err();
        assert!(
            told.contains("PROXY_SECRET: is not read with MEMBER_AUTH=jwt"),
            "{told}"
        );
    }

    #[test]
    fn a_proxy_has_a_long_secret() {
        let proxy = |secret| {
            read(&[
                ("MEMBER_AUTH", "proxy"),
                ("PROXY_SECRET", secret),
                ("ORDER_TOKEN_SECRET", JWT[3].1),
            ])
        };
        assert!(matches!(
            proxy("0123456789abcdef"),
            Ok(MemberAuth::Proxy { .. })
        ));
        assert!(
            proxy("0123456789abcde")
                .unwrap_err()
                .contains("at least 16")
        );
        assert!(proxy("").unwrap_err().contains("PROXY_SECRET: is required"));
    }
}
