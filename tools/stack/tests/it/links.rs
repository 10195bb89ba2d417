//! A link can be cut, silenced, slowed and restored, and Kafka's clients stay on the link that they came by.

use crate::support::{place, records, send, topic};
use stack::{Door, KafkaBroker, Link, Toxiproxy, free_port};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A server that sends back whatever it is sent; its port.
fn echo() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            std::thread::spawn(move || {
                let mut reader = connection.try_clone().unwrap();
                std::io::copy(&mut reader, &mut connection)
            });
        }
    });
    port
}

fn connected(link: &Link) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", link.ports()[0])).unwrap();
    connection.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    connection
}

/// How long the answer took.
fn ask(connection: &mut TcpStream) -> std::io::Result<Duration> {
    let begin = Instant::now();
    connection.write_all(b"?")?;
    connection.read_exact(&mut [0])?;
    Ok(begin.elapsed())
}

#[test]
fn a_link_is_cut_silenced_slowed_and_restored() {
    let (_folder, place) = place();
    let proxy = Toxiproxy::start(&place).unwrap();
    let link = proxy.link("echo", &[echo()]).unwrap();
    let mut connection = connected(&link);
    ask(&mut connection).unwrap();

    link.slow(Duration::from_millis(300)).unwrap();
    assert!(ask(&mut connection).unwrap() >= Duration::from_millis(300));
    link.slow(Duration::from_millis(600)).unwrap();
    assert!(ask(&mut connection).unwrap() >= Duration::from_millis(600));
    // Far longer than an answer is waited for: one that comes shows that the link is as before.
    link.slow(100 * LONGEST_WAIT).unwrap();
    link.restore().unwrap();
    ask(&mut connection).unwrap();

    link.silence().unwrap();
    let mut unheard = connected(&link);
    unheard
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let error = ask(&mut unheard).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    link.restore().unwrap();
    ask(&mut connected(&link)).unwrap();

    let mut connection = connected(&link);
    ask(&mut connection).unwrap();
    link.cut().unwrap();
    ask(&mut connection).unwrap_err();
    TcpStream::connect(("127.0.0.1", link.ports()[0])).unwrap_err();
    link.restore().unwrap();
    ask(&mut connected(&link)).unwrap();
}

#[test]
fn kafkas_clients_are_not_sent_past_the_link() {
    let (_folder, place) = place();
    let proxy = Toxiproxy::start(&place).unwrap();
    let port = free_port().unwrap();
    let link = proxy.link("kafka", &[port]).unwrap();
    let door = Door {
        name: "LINK".to_owned(),
        port,
        advertised: link.ports()[0],
    };
    let mut broker = KafkaBroker::start_with_doors(&place, 0, vec![door]).unwrap();
    broker.create_topic(&topic("orders", 1)).unwrap();
    let by_link = format!("127.0.0.1:{}", link.ports()[0]);
    send(&by_link, "orders", "by the link");
    link.slow(Duration::from_millis(500)).unwrap();
    let begin = Instant::now();
    assert_eq!(records(&by_link, "orders", 1), ["by the link"]);
    // connecting, metadata, offsets and a fetch, each on the broker's own connection
    assert!(
        begin.elapsed() > Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
    link.cut().unwrap();
    assert_eq!(
        records(broker.bootstrap_servers(), "orders", 1),
        ["by the link"]
    );
}
