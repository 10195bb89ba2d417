//! Misbehaving clients over raw sockets: each is answered or cut off by its limit, and other clients are served meanwhile.
//!
//! Each test shortens only the limit that it is about. That a limit isn't longer than it says is shown in paused time, beside the code;
//! here a limit that is forgotten fails by [`FORGOTTEN`].

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use serde_json::Value;
use shared::http::client_limits::ClientLimits;
use shared::http::json_body::JsonBody;
use socket2::SockRef;

use crate::http_server::{self, FORGOTTEN, connect};

/// A limit that is tested: long enough for a well-behaved client on a machine that is busy.
const SHORT: Duration = Duration::from_secs(2);
/// What a slow client waits for between two pieces.
const PAUSE: Duration = Duration::from_millis(100);
const PING: &[u8] = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
/// An answer that the sockets' buffers do not hold, in bytes.
const LARGE: usize = 8 * 1024 * 1024;

/// Limits that no test reaches.
const LONG: ClientLimits = ClientLimits {
    tick: Duration::from_millis(200),
    read_head: Duration::from_secs(600),
    read_body: Duration::from_secs(600),
    keep_alive: Duration::from_secs(600),
    take_answer: Duration::from_secs(600),
};

/// A server that takes JSON, answers `pong`, and has a large answer.
fn serve(limits: ClientLimits) -> SocketAddr {
    http_server::serve(limits, |routes| {
        routes
            .route(
                "/json",
                web::post().to(|_: JsonBody<Value>| HttpResponse::Ok()),
            )
            .route("/ping", web::get().to(|| async { "pong" }))
            .route("/large", web::get().to(|| async { vec![b'x'; LARGE] }));
    })
}

/// What a server did about a client.
struct End {
    /// The status that it answered, if it did.
    status: Option<u16>,
    /// Its whole answer.
    answer: String,
    /// When it closed the connection, from the connection on.
    took: Duration,
}

/// Sends the pieces until the server takes no more.
fn until_closed(
    address: SocketAddr,
    pieces: impl IntoIterator<Item = Vec<u8>>,
    pause: Duration,
) -> End {
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
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .map(|status| status.parse().unwrap());
    End {
        status,
        answer,
        took,
    }
}

fn assert_others_are_served(address: SocketAddr) {
    let mut stream = connect(address);
    stream
        .write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Sends the pieces slowly while another client is served. The connection must not end before `SHORT` is over.
fn until_too_slow(
    limits: ClientLimits,
    pieces: impl IntoIterator<Item = Vec<u8>> + Send + 'static,
) -> End {
    let address = serve(limits);
    let slow = thread::spawn(move || until_closed(address, pieces, PAUSE));
    assert_others_are_served(address);
    let end = slow.join().unwrap();
    assert!(end.took >= SHORT, "{:?}", end.took);
    end
}

fn bytes_of(text: &'static [u8]) -> impl Iterator<Item = Vec<u8>> {
    text.iter().map(|byte| vec![*byte])
}

mod heads {
    use super::*;

    const LIMITS: ClientLimits = ClientLimits {
        read_head: SHORT,
        ..LONG
    };

    fn memory_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn of_a_megabyte_get_431() {
        let address = serve(LONG);
        let mut head = b"GET /ping HTTP/1.1\r\nHost: x\r\nX: ".to_vec();
        head.resize(1_000_000, b'x');
        let end = until_closed(address, [head], Duration::ZERO);
        assert_eq!(end.status, Some(431));
        assert_others_are_served(address);
    }

    #[test]
    fn without_end_are_refused_and_take_no_memory() {
        let address = serve(LONG);
        assert_others_are_served(address);
        let before = memory_kib();
        let begin = vec![b"GET /ping HTTP/1.1\r\nHost: x\r\n".to_vec()];
        let endless = (0_u64..).map(|nth| format!("X-{nth}: {nth}\r\n").into_bytes());
        let end = until_closed(address, begin.into_iter().chain(endless), Duration::ZERO);
        assert!(matches!(end.status, Some(400 | 431)), "{:?}", end.status);
        assert!(
            memory_kib() < before + 50_000,
            "{before} KiB grew to {} KiB",
            memory_kib()
        );
        assert_others_are_served(address);
    }

    #[test]
    fn that_come_byte_by_byte_end_the_connection() {
        let endless = bytes_of(b"GET /ping HTTP/1.1\r\nHost: ").chain(bytes_of(&[b'x'; 1_000]));
        // There is no request to answer.
        assert_eq!(until_too_slow(LIMITS, endless).status, None);
    }

    #[test]
    fn that_come_byte_by_byte_end_the_connection_even_behind_a_good_request() {
        let pieces = [PING.to_vec()]
            .into_iter()
            .chain(bytes_of(PING))
            .chain(bytes_of(PING));
        let end = until_too_slow(LIMITS, pieces);
        assert_eq!(end.status, Some(200));
        assert_eq!(end.answer.matches("pong").count(), 1, "{}", end.answer);
    }

    #[test]
    fn that_never_begin_end_their_connections() {
        let address = serve(LIMITS);
        let silent: Vec<TcpStream> = (0..200).map(|_| connect(address)).collect();
        assert_others_are_served(address);
        for mut stream in silent {
            let mut answer = Vec::new();
            assert_eq!(stream.read_to_end(&mut answer).unwrap(), 0);
        }
    }
}

mod kept_connections {
    use super::*;

    fn ping(stream: &mut TcpStream) {
        let mut answer = [0; 1_024];
        stream.write_all(PING).unwrap();
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].ends_with(b"pong"));
    }

    #[test]
    fn serve_a_request_that_comes_later_than_a_head_may() {
        let mut stream = connect(serve(ClientLimits {
            read_head: SHORT,
            ..LONG
        }));
        ping(&mut stream);
        stream.set_read_timeout(Some(2 * SHORT)).unwrap();
        let silence = stream.read(&mut [0]).unwrap_err();
        assert_eq!(silence.kind(), ErrorKind::WouldBlock, "it stays open");
        ping(&mut stream);
    }

    #[test]
    fn end_when_no_request_comes() {
        let mut stream = connect(serve(ClientLimits {
            keep_alive: SHORT,
            ..LONG
        }));
        ping(&mut stream);
        let begin = Instant::now();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        // The keep-alive began when the answer was ready, which was a little earlier.
        assert!(begin.elapsed() > SHORT / 2, "{:?}", begin.elapsed());
    }
}

mod answers {
    use super::*;

    /// The kernel does not notice this client: it is there, and takes something now and then.
    #[test]
    fn that_are_taken_bit_by_bit_end_the_connection() {
        let address = serve(ClientLimits {
            take_answer: SHORT,
            ..LONG
        });
        let mut stream = connect(address);
        let small = SockRef::from(&stream).set_recv_buffer_size(64 * 1024);
        small.unwrap();
        stream
            .write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let begin = Instant::now();
        let mut bit = vec![0; 1_024];
        // A reset is told at once, whatever is left to read.
        let end = loop {
            if let Some(error) = stream.take_error().unwrap() {
                break error;
            }
            assert!(begin.elapsed() < FORGOTTEN, "still open");
            if let Err(error) = stream.read_exact(&mut bit) {
                break error;
            }
            thread::sleep(PAUSE);
        };
        assert!(begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
        assert_others_are_served(address);
    }
}

mod bodies {
    use super::*;

    fn json_head(length: usize) -> Vec<u8> {
        format!("POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes()
    }

    #[test]
    fn that_come_byte_by_byte_get_408() {
        let pieces = [json_head(1_000)]
            .into_iter()
            .chain(bytes_of(&[b' '; 1_000]));
        let limits = ClientLimits {
            read_body: SHORT,
            ..LONG
        };
        let end = until_too_slow(limits, pieces);
        assert_eq!(end.status, Some(408));
        assert!(end.answer.contains("BODY_TOO_SLOW"), "{}", end.answer);
        assert!(end.answer.contains("within 2s"), "{}", end.answer);
    }

    #[test]
    fn of_two_megabytes_get_413_whether_or_not_they_tell_their_length() {
        let address = serve(LONG);
        let body = || (0..200).map(|_| vec![b' '; 10_000]);
        let told = [json_head(2_000_000)].into_iter().chain(body());
        assert_eq!(
            until_closed(address, told, Duration::ZERO).status,
            Some(413)
        );

        let head = b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunks = body().map(|chunk| [b"2710\r\n", chunk.as_slice(), b"\r\n"].concat());
        let untold = [head.to_vec()].into_iter().chain(chunks);
        let end = until_closed(address, untold, Duration::from_millis(1));
        assert_eq!(end.status, Some(413));
        assert_others_are_served(address);
    }
}
