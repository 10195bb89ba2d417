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
use socket2::SockRef;
use tokio::sync::watch;

/// What a limit may be overstepped by on a busy machine.
const MARGIN: Duration = Duration::from_secs(5);
const READ_HEADERS_WAIT: Duration = Duration::from_secs(5);
const READ_BODY_WAIT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const TAKE_ANSWER_WAIT: Duration = Duration::from_secs(30);
const PING: &[u8] = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
/// An answer that the sockets' buffers do not hold, in bytes.
const LARGE: usize = 8 * 1024 * 1024;

/// A server in a thread of its own, for as long as the test process lives, that takes JSON, says pong, and has much to say.
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
                    .route("/ping", web::get().to(|| async { "pong" }))
                    .route("/large", web::get().to(|| async { vec![b'x'; LARGE] }));
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

/// Sends the pieces slowly, while others are served. The connection must end with that status, as soon as the wait is over.
fn assert_slowness_ends(
    pieces: impl IntoIterator<Item = Vec<u8>> + Send + 'static,
    wanted: Option<u16>,
    wait: Duration,
) {
    let address = serve();
    let slow = thread::spawn(move || until_closed(address, pieces, Duration::from_millis(500)));
    assert_others_are_served(address);
    let (status, took) = slow.join().unwrap();
    assert_eq!(status, wanted);
    assert!((wait..wait + MARGIN).contains(&took), "{took:?}");
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
    assert!(matches!(status, Some(400 | 431)), "{status:?} in {took:?}");
    assert!(took < READ_HEADERS_WAIT + MARGIN, "{took:?}");
    assert!(
        memory_kib() < before + 50_000,
        "{before} KiB grew to {} KiB",
        memory_kib()
    );
    assert_others_are_served(address);
}

#[test]
fn given_headers_that_come_byte_by_byte_then_the_connection_ends_in_time() {
    let head =
        b"GET /ping HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".map(|byte| vec![byte]);
    // There is no request to answer.
    assert_slowness_ends(head, None, READ_HEADERS_WAIT);
}

#[test]
fn given_a_second_head_that_comes_byte_by_byte_then_the_connection_ends_in_time() {
    let second = PING.iter().map(|byte| vec![*byte]);
    let pieces = [PING.to_vec()].into_iter().chain(second);
    assert_slowness_ends(pieces, Some(200), READ_HEADERS_WAIT);
}

#[test]
fn given_a_client_that_keeps_its_connection_then_a_late_whole_request_is_served_and_a_longer_silence_ends_it()
 {
    let mut stream = connect(serve());
    let mut answer = [0; 1_024];
    for pause in [Duration::ZERO, READ_HEADERS_WAIT + Duration::from_secs(3)] {
        // What is waited for is time itself.
        thread::sleep(pause);
        stream.write_all(PING).unwrap();
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].ends_with(b"pong"), "after {pause:?}");
    }
    let begin = Instant::now();
    assert_eq!(stream.read(&mut answer).unwrap(), 0);
    assert!(
        (KEEP_ALIVE - Duration::from_secs(1)..KEEP_ALIVE + MARGIN).contains(&begin.elapsed()),
        "{:?}",
        begin.elapsed()
    );
}

/// The kernel does not see to this one: its peer is there, and takes something now and then.
#[test]
fn given_a_client_that_takes_its_answer_bit_by_bit_then_the_connection_ends_in_time() {
    let address = serve();
    let mut stream = connect(address);
    let small = SockRef::from(&stream).set_recv_buffer_size(64 * 1024);
    small.unwrap();
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let begin = Instant::now();
    let mut bit = vec![0; 16 * 1024];
    // A reset is told at once, whatever is left to read.
    let end = loop {
        if let Some(error) = stream.take_error().unwrap() {
            break error;
        }
        assert!(begin.elapsed() < TAKE_ANSWER_WAIT + MARGIN, "still open");
        if let Err(error) = stream.read_exact(&mut bit) {
            break error;
        }
        thread::sleep(Duration::from_millis(500));
    };
    assert!(begin.elapsed() >= TAKE_ANSWER_WAIT, "{:?}", begin.elapsed());
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    assert_others_are_served(address);
}

#[test]
fn given_a_body_that_comes_byte_by_byte_then_408_in_time() {
    let pieces = [json_head(1_000)]
        .into_iter()
        .chain((0..1_000).map(|_| b" ".to_vec()));
    assert_slowness_ends(pieces, Some(408), READ_BODY_WAIT);
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
    assert_eq!(status, Some(413));
    assert!(took < MARGIN, "{took:?}");

    let head = b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = body().map(|chunk| [b"2710\r\n", chunk.as_slice(), b"\r\n"].concat());
    let (status, took) = until_closed(
        address,
        [head.to_vec()].into_iter().chain(chunks),
        Duration::from_millis(1),
    );
    assert_eq!(status, Some(413));
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
        assert_eq!(stream.read_to_end(&mut answer).unwrap(), 0);
    }
    assert!(
        begin.elapsed() < READ_HEADERS_WAIT + MARGIN,
        "{:?}",
        begin.elapsed()
    );
}
