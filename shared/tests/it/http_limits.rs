//! Clients that mean no good, over raw sockets: each is answered or cut off within its limit, and the others are served meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use serde_json::Value;
use shared::http::measured::HttpMetrics;
use shared::http::{json_config, server};
use shared::metrics::Metrics;
use tokio::sync::watch;

/// What a limit may be overstepped by on a busy machine.
const MARGIN: Duration = Duration::from_secs(5);
const READ_HEADERS_WAIT: Duration = Duration::from_secs(5);
const READ_BODY_WAIT: Duration = Duration::from_secs(10);

/// A server in a thread of its own, for as long as the test process lives, that takes JSON and says pong.
fn serve() -> SocketAddr {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (ready_tx, ready_rx) = channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (_going_on, stopping) = watch::channel(false);
            let measured = HttpMetrics::new(&Metrics::new().unwrap()).unwrap();
            let started = server::start(address, Duration::ZERO, stopping, measured, |routes| {
                routes
                    .app_data(json_config())
                    .route(
                        "/json",
                        web::post().to(|_: web::Json<Value>| HttpResponse::Ok()),
                    )
                    .route("/ping", web::get().to(|| async { "pong" }));
            });
            ready_tx.send(started.is_ok()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    assert!(ready_rx.recv().unwrap());
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

/// Sends until the server does not take any more, and tells the status that it answered, if any, and how long it took to close.
fn until_closed(
    address: SocketAddr,
    pieces: impl IntoIterator<Item = Vec<u8>>,
    pause: Duration,
) -> (Option<u16>, Duration) {
    let (begin, stream) = (Instant::now(), connect(address));
    let mut reader = stream.try_clone().unwrap();
    let answered = thread::spawn(move || {
        let mut answer = Vec::new();
        // A reset ends the connection as well as an end does.
        if let Err(error) = reader.read_to_end(&mut answer) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        (answer, begin.elapsed())
    });
    let mut writer = stream;
    for piece in pieces {
        if answered.is_finished() || writer.write_all(&piece).is_err() {
            break;
        }
        thread::sleep(pause);
    }
    let (answer, took) = answered.join().unwrap();
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).map(|status| status.parse().unwrap());
    (status, took)
}

/// Everybody else is served at once.
fn assert_others_are_served(address: SocketAddr) {
    let begin = Instant::now();
    let mut stream = connect(address);
    stream
        .write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
}

fn json_head(length: usize) -> Vec<u8> {
    format!("POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
        .into_bytes()
}

fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn given_a_head_of_a_megabyte_then_it_is_refused_with_431() {
    let address = serve();
    let mut head = b"GET /ping HTTP/1.1\r\nHost: x\r\nX: ".to_vec();
    head.resize(1_000_000, b'x');
    let (status, took) = until_closed(address, [head], Duration::ZERO);
    assert_eq!(status, Some(431));
    assert!(took < READ_HEADERS_WAIT + MARGIN, "{took:?}");
    assert_others_are_served(address);
}

#[test]
fn given_headers_without_end_then_the_request_is_refused_and_memory_stays() {
    let address = serve();
    assert_others_are_served(address);
    let before = memory_kib();
    let begin = vec![b"GET /ping HTTP/1.1\r\nHost: x\r\n".to_vec()];
    let endless = (0_u64..).map(|nth| format!("X-{nth}: {nth}\r\n").into_bytes());
    let (status, took) = until_closed(address, begin.into_iter().chain(endless), Duration::ZERO);
    assert!(
        matches!(status, Some(400 | 408 | 431) | None),
        "{status:?} in {took:?}"
    );
    assert!(took < READ_HEADERS_WAIT + MARGIN, "{took:?}");
    assert!(
        memory_kib() < before + 50_000,
        "{before} KiB grew to {} KiB",
        memory_kib()
    );
    assert_others_are_served(address);
}

#[test]
fn given_headers_that_come_byte_by_byte_then_408_in_time() {
    let address = serve();
    let head =
        b"GET /ping HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".map(|byte| vec![byte]);
    let slow = thread::spawn(move || until_closed(address, head, Duration::from_millis(500)));
    assert_others_are_served(address);
    let (status, took) = slow.join().unwrap();
    assert_eq!(status, Some(408));
    assert!(took < READ_HEADERS_WAIT + MARGIN, "{took:?}");
}

#[test]
fn given_a_body_that_comes_byte_by_byte_then_408_in_time() {
    let address = serve();
    let pieces = [json_head(1_000)]
        .into_iter()
        .chain((0..1_000).map(|_| b" ".to_vec()));
    let slow = thread::spawn(move || until_closed(address, pieces, Duration::from_millis(500)));
    assert_others_are_served(address);
    let (status, took) = slow.join().unwrap();
    assert_eq!(status, Some(408));
    assert!(
        (READ_BODY_WAIT..READ_BODY_WAIT + MARGIN).contains(&took),
        "{took:?}"
    );
}

#[test]
fn given_a_body_of_two_megabytes_then_it_is_refused_with_413_whether_or_not_it_tells_its_length() {
    let address = serve();
    let body = || (0..200).map(|_| vec![b' '; 10_000]);
    let (status, took) = until_closed(
        address,
        [json_head(2_000_000)].into_iter().chain(body()),
        Duration::ZERO,
    );
    assert!(matches!(status, Some(413) | None), "{status:?}");
    assert!(took < MARGIN, "{took:?}");

    let head = b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = body().map(|chunk| [b"2710\r\n", chunk.as_slice(), b"\r\n"].concat());
    let (status, took) = until_closed(
        address,
        [head.to_vec()].into_iter().chain(chunks),
        Duration::from_millis(1),
    );
    assert!(matches!(status, Some(413) | None), "{status:?}");
    assert!(took < MARGIN, "{took:?}");
    assert_others_are_served(address);
}

#[test]
fn given_200_connections_that_say_nothing_then_they_are_closed_in_time_and_others_are_served() {
    let address = serve();
    let silent: Vec<TcpStream> = (0..200).map(|_| connect(address)).collect();
    assert_others_are_served(address);
    let begin = Instant::now();
    for mut stream in silent {
        let mut answer = Vec::new();
        // Closed with an answer or without.
        let _ = stream.read_to_end(&mut answer);
    }
    assert!(
        begin.elapsed() < READ_HEADERS_WAIT + MARGIN,
        "{:?}",
        begin.elapsed()
    );
}
