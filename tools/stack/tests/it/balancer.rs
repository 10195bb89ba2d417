//! The balancer sends requests to servers that say that they are ready, and to no others.

use crate::support::place;
use stack::{Balancer, until};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A server that answers its own port to every request but the readiness probe.
fn server() -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let is_ready = Arc::new(AtomicBool::new(true));
    let ready = Arc::clone(&is_ready);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 1024];
            let length = connection.read(&mut request).unwrap_or_default();
            let is_probe = request[..length].starts_with(b"GET /readyz");
            let status = if is_probe && !ready.load(Ordering::SeqCst) {
                "503 Service Unavailable"
            } else {
                "200 OK"
            };
            let body = port.to_string();
            // who asks may have gone
            let _ = write!(
                connection,
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (port, is_ready)
}

/// Who answers several requests.
fn answerers(balancer: &Balancer) -> BTreeSet<u16> {
    (0..8)
        .map(|_| {
            let mut answer = ureq::get(balancer.url()).call().unwrap();
            let text = answer.body_mut().read_to_string().unwrap();
            text.parse().unwrap()
        })
        .collect()
}

#[test]
fn only_ready_servers_are_asked() {
    let (_folder, place) = place();
    let ((first, first_is_ready), (second, _)) = (server(), server());
    let balancer = Balancer::start(&place, 0, &[first, second]).unwrap();
    let wait_for = |wanted: &[u16]| {
        let wanted: BTreeSet<u16> = wanted.iter().copied().collect();
        until("the servers", SOON, || {
            Ok((answerers(&balancer) == wanted).then_some(()))
        })
        .unwrap();
    };
    wait_for(&[first, second]);
    first_is_ready.store(false, Ordering::SeqCst);
    wait_for(&[second]);
    first_is_ready.store(true, Ordering::SeqCst);
    wait_for(&[first, second]);
}
