//! The bearer token that a port demands: of operators, and of the services that read from one another. A port on loopback needs none, because
//! only this machine reaches it.

use std::net::SocketAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::Problem;
use crate::env::EnvReader;
use crate::secret::Secret;
use crate::wire::error_body::ResponseCode;

/// The least length of a token, in bytes: nobody finds it by trying.
const LEAST_LENGTH: usize = 16;
/// The challenge of a port whose token is missing or wrong (RFC 6750, section 3).
pub const CHALLENGE: &str = r#"Bearer realm="mall""#;
/// What is asked by those who have no token: probes tell nothing but whether the service is well.
const FOR_ALL: [&str; 4] = ["/livez", "/livez/", "/readyz", "/readyz/"];

/// The token that a port demands, if it demands one.
#[derive(Debug, Clone, Default)]
pub struct PortToken(Option<Secret>);

impl PortToken {
    /// Reads the token `name` of the port at `address`, which is set by `address_name`. It may be left out only on loopback: a port that
    /// others reach without a token is refused, so that nobody opens one by mistake.
    pub fn read(env: &mut EnvReader, name: &str, address_name: &str, address: SocketAddr) -> Self {
        let token = env.long_secret(name, LEAST_LENGTH);
        if token.is_none() && !address.ip().is_loopback() {
            env.problem(format!(
                "{name}: is required, because {address_name}={address} is not loopback"
            ));
        }
        Self(token)
    }

    /// Middleware: refuses requests without the token. Probes need none.
    ///
    /// # Errors
    /// Those of the inner service that can't be answered at all.
    pub async fn demand<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
        let is_let_in = match &self.0 {
            Some(token) => {
                FOR_ALL.contains(&request.path()) || has(request.headers(), &token.current())
            }
            None => true,
        };
        if is_let_in {
            Ok(next.call(request).await?.map_into_left_body())
        } else {
            // An answer, and not an error: the middleware around this one renders answers only.
            Ok(request.error_response(refusal()).map_into_right_body())
        }
    }
}

fn has(headers: &HeaderMap, token: &SecretString) -> bool {
    let mut values = headers.get_all(AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let sent = value.to_str().ok().and_then(bearer);
    sent.is_some_and(|sent| is_same(sent, token))
}

/// The token of credentials of the scheme `Bearer` (RFC 6750, section 2.1), if they are.
#[must_use]
pub fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Whether a text is the secret. Takes the same time wherever they differ: hashes tell nothing of the texts that they are of.
#[must_use]
pub fn is_same(text: &str, secret: &SecretString) -> bool {
    Sha256::digest(text) == Sha256::digest(secret.expose_secret())
}

fn refusal() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        ResponseCode::InvalidRequest,
        "UNAUTHENTICATED",
        "this port is for operators and services: send its bearer token",
    )
    .hint(WWW_AUTHENTICATE, CHALLENGE)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;
    use crate::http::render_problems;

    const TOKEN: &str = "0123456789abcdef";

    fn read(variables: &[(&str, &str)], address: &str) -> Result<PortToken, String> {
        let mut env = EnvReader::new(variables.iter().copied());
        let address = address.parse().unwrap();
        let token = PortToken::read(&mut env, "OPERATOR_TOKEN", "INTERNAL_ADDR", address);
        match env.finish() {
            Ok(_) => Ok(token),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn status(token: &PortToken, path: &str, credentials: &[&str]) -> u16 {
        let token = token.clone();
        let app = App::new()
            .default_service(web::to(HttpResponse::Ok))
            .wrap(from_fn(move |request, next| {
                token.clone().demand(request, next)
            }))
            .wrap(from_fn(render_problems));
        let request = credentials
            .iter()
            .fold(TestRequest::with_uri(path), |request, credentials| {
                request.append_header((AUTHORIZATION, *credentials))
            });
        let answer = call_service(&init_service(app).await, request.to_request()).await;
        let challenge = answer.headers().contains_key(WWW_AUTHENTICATE);
        assert_eq!(challenge, answer.status() == 401);
        answer.status().as_u16()
    }

    #[test]
    fn a_port_that_others_reach_needs_a_token() {
        for address in ["0.0.0.0:7001", "[::]:7001", "10.0.0.1:7001"] {
            let told = read(&[], address).unwrap_err();
            assert!(
                told.contains("OPERATOR_TOKEN: is required, because INTERNAL_ADDR="),
                "{told}"
            );
            assert!(read(&[("OPERATOR_TOKEN", TOKEN)], address).is_ok());
        }
        for address in ["127.0.0.1:7001", "127.1.2.3:7001", "[::1]:7001"] {
            assert!(read(&[], address).is_ok());
        }
    }

    #[test]
    fn a_short_token_is_refused_and_not_shown() {
        let told = read(&[("OPERATOR_TOKEN", "hush")], "127.0.0.1:1").unwrap_err();
        assert!(
            told.contains("at least 16 characters") && !told.contains("hush"),
            "{told}"
        );
    }

    #[actix_web::test]
    async fn who_has_the_token_is_let_in_and_nobody_else() {
        let token = read(&[("OPERATOR_TOKEN", TOKEN)], "0.0.0.0:1").unwrap();
        for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            assert_eq!(status(&token, "/metrics", &[right]).await, 200);
        }
        for wrong in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer 0123456789abcdeF"],
            &["Bearer 0123456789abcdef0"],
            &["Basic 0123456789abcdef"],
            &["0123456789abcdef"],
            &["Bearer 0123456789abcdef", "Bearer 0123456789abcdef"],
        ] {
            assert_eq!(status(&token, "/metrics", wrong).await, 401, "{wrong:?}");
        }
    }

    #[actix_web::test]
    async fn probes_need_none_and_nothing_else_is_taken_for_one() {
        let token = read(&[("OPERATOR_TOKEN", TOKEN)], "0.0.0.0:1").unwrap();
        for path in FOR_ALL {
            assert_eq!(status(&token, path, &[]).await, 200, "{path}");
        }
        for path in [
            "/livez/x", "/livez//", "//livez", "/LIVEZ", "/x/livez", "/%6civez",
        ] {
            assert_eq!(status(&token, path, &[]).await, 401, "{path}");
        }
    }

    #[actix_web::test]
    async fn a_port_without_a_token_is_open() {
        assert_eq!(status(&PortToken::default(), "/metrics", &[]).await, 200);
    }
}
