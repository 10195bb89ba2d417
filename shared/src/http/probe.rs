//! Asks a service on this machine how it is: the health check of an image that has neither a shell nor an HTTP client. Knows no route.

use std::io::{Error, Read, Result, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than all parts of a `/readyz` together may take to answer.
const WAIT: Duration = Duration::from_secs(3);
/// How much of an answer is read, in bytes: enough for the whole answer of a probe.
const MAX_ANSWER: u64 = 4 * 1024;

/// Sends `GET path` to the service that listens on `address`, and waits for a 200.
///
/// # Errors
/// When there is no answer in time, or one with another status; then the error has the answer's text.
pub fn ask(address: SocketAddr, path: &str) -> Result<()> {
    let mut connection = TcpStream::connect_timeout(&reachable(address), WAIT)?;
    connection.set_read_timeout(Some(WAIT))?;
    connection.set_write_timeout(Some(WAIT))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    connection.take(MAX_ANSWER).read_to_end(&mut answer)?;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        return Ok(());
    }
    let answer = String::from_utf8_lossy(&answer);
    Err(Error::other(format!("GET {path}: {}", answer.trim())))
}

/// A service that listens on all addresses is reached on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request so; its address is as a service has it that listens everywhere.
    fn service(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let request = BufReader::new(connection.try_clone().unwrap()).lines();
            let head: Vec<String> = request
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            assert_eq!(head[0], "GET /readyz HTTP/1.1");
            connection.write_all(answer.as_bytes()).unwrap();
        });
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
    }

    #[test]
    fn a_service_that_is_well_passes() {
        let address = service("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        ask(address, "/readyz").unwrap();
    }

    #[test]
    fn a_service_that_is_not_well_fails_with_its_answer() {
        let address = service("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"kafka\":false}");
        let told = ask(address, "/readyz").unwrap_err().to_string();
        assert!(
            told.contains(" 503 ") && told.contains("{\"kafka\":false}"),
            "{told}"
        );
    }

    #[test]
    fn a_port_without_a_service_fails() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        ask(address, "/readyz").unwrap_err();
    }
}
