//! What the servers do for every route, over raw sockets: `HEAD`, offers of other protocols, requests that aren't valid HTTP, and pages of
//! other origins.

use std::io::{Read, Write};
use std::net::SocketAddr;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes};
use serde_json::Value;
use shared::http::client_limits::ClientLimits;
use shared::http::json_body::JsonBody;
use shared::http::resource::{Methods, get, resource};

use crate::http_server::{self, SHOP, connect};

/// A server that answers `pong`, and takes JSON.
fn serve() -> SocketAddr {
    http_server::serve(ClientLimits::default(), |routes| {
        let pong = || async { HttpResponse::Ok().body(Bytes::from_static(b"pong")) };
        let taken = |JsonBody(body): JsonBody<Value>| async move { HttpResponse::Ok().json(body) };
        routes
            .service(resource(["/ping", "/ping/"], Methods::Get).route(get().to(pong)))
            .service(resource(["/json", "/json/"], Methods::Post).route(web::post().to(taken)));
    })
}

/// All that the server answers to these bytes, until it closes the connection.
fn answers(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn asked(address: SocketAddr, head: &str) -> String {
    let request = format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n");
    answers(address, request.as_bytes())
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

mod head {
    use super::*;

    #[test]
    fn is_answered_as_get_without_the_body() {
        let answer = asked(serve(), "HEAD /ping HTTP/1.1");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("\r\ncontent-length: 4\r\n"), "{answer}");
        assert_eq!(body(&answer), "");
    }
}

mod an_offer_of_another_protocol {
    use super::*;

    fn offering(protocol: &str) -> String {
        let json = r#"{"a":1}"#;
        let length = json.len();
        format!(
            "POST /json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAEAAEAA\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        )
    }

    #[test]
    fn is_not_taken_and_the_connections_end_is_told() {
        for protocol in ["h2c", "websocket", "TLS/1.0"] {
            let answer = answers(serve(), offering(protocol).as_bytes());
            assert!(answer.starts_with("HTTP/1.1 200 "), "{protocol}: {answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            assert_eq!(body(&answer), r#"{"a":1}"#);
        }
    }
}

mod a_request_that_is_not_valid_http {
    use super::*;

    fn assert_refused(answer: &str, status: u16, reason: &str) {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let body: Value = serde_json::from_str(body(answer)).unwrap();
        assert_eq!(
            (&body["status"], &body["reason"]),
            (&status.into(), &reason.into())
        );
    }

    #[test]
    fn gets_400_with_the_body_of_errors() {
        let address = serve();
        for request in [
            "GET /ping?name=우산 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /우산 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /ping HTTP/1.1\r\n\r\n",
            "GET /ping HTTP/9\r\nHost: x\r\n\r\n",
            "GET /ping HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
            "POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
            "nonsense\r\n\r\n",
        ] {
            assert_refused(
                &answers(address, request.as_bytes()),
                400,
                "MALFORMED_REQUEST",
            );
        }
    }

    #[test]
    fn gets_it_on_a_connection_that_was_used_before_too() {
        let mut stream = connect(serve());
        stream
            .write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut first = Vec::new();
        while !first.ends_with(b"pong") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            first.extend(byte);
        }
        stream
            .write_all("GET /ping?name=우산 HTTP/1.1\r\nHost: x\r\n\r\n".as_bytes())
            .unwrap();
        let mut second = String::new();
        stream.read_to_string(&mut second).unwrap();
        assert_refused(&second, 400, "MALFORMED_REQUEST");
    }

    #[test]
    fn gets_431_with_more_than_96_headers() {
        let headers = |count: usize| {
            let extra: String = (2..count).map(|n| format!("X-{n}: y\r\n")).collect();
            let request =
                format!("GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}\r\n");
            answers(serve(), request.as_bytes())
        };
        assert!(headers(96).starts_with("HTTP/1.1 200 "));
        assert_refused(&headers(97), 431, "HEAD_TOO_LARGE");
    }
}

mod a_page_of_another_origin {
    use super::*;

    #[test]
    fn may_use_the_api_if_it_is_set() {
        let address = serve();
        let preflight = format!(
            "OPTIONS /json HTTP/1.1\r\nOrigin: {SHOP}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type, idempotency-key"
        );
        let answer = asked(address, &preflight).to_lowercase();
        assert!(answer.starts_with("http/1.1 200 "), "{answer}");
        assert!(answer.contains(&format!("access-control-allow-origin: {SHOP}\r\n")));
        // An error may be read, too.
        for path in ["/ping", "/nowhere"] {
            let answer = asked(address, &format!("GET {path} HTTP/1.1\r\nOrigin: {SHOP}"));
            assert!(answer.contains(&format!("access-control-allow-origin: {SHOP}\r\n")));
            assert!(
                answer.contains("access-control-expose-headers:"),
                "{answer}"
            );
        }
    }

    #[test]
    fn may_not_use_it_otherwise() {
        let address = serve();
        let other = "https://other.example";
        let answer = asked(address, &format!("GET /ping HTTP/1.1\r\nOrigin: {other}"));
        assert!(!answer.contains("access-control-allow-origin"), "{answer}");
        let preflight = format!(
            "OPTIONS /json HTTP/1.1\r\nOrigin: {other}\r\nAccess-Control-Request-Method: POST"
        );
        let answer = asked(address, &preflight);
        assert!(!answer.contains("access-control-allow-origin"), "{answer}");
    }

    #[test]
    fn is_not_needed_to_ask_for_the_methods() {
        let answer = asked(serve(), "OPTIONS /json HTTP/1.1");
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        assert!(answer.contains("\r\nallow: POST, OPTIONS\r\n"), "{answer}");
    }
}
