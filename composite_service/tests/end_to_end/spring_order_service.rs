//! A stand-in for a Spring order service: it knows `ORDER_CREATE` only, makes the order numbers itself and one more order of each command,
//! writes local dates, names itself in no reply, and serves orders over HTTP and nothing else. Of a command that it does not know it tells:
//! Spring's own would read it again and again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

const WAIT: Duration = Duration::from_secs(30);
/// Of so many pieces it has none, and it says so in its own words.
pub(crate) const NOT_IN_STOCK: i64 = 13;

#[derive(Default)]
struct State {
    orders: BTreeMap<String, Value>,
    unknown: Vec<String>,
    asked: Vec<String>,
}

/// The running stand-in; it ends when dropped.
pub(crate) struct SpringOrderService {
    state: Arc<Mutex<State>>,
    is_over: Arc<AtomicBool>,
    /// Locked while it polls.
    stands_still: Arc<Mutex<bool>>,
    threads: Vec<JoinHandle<()>>,
    address: std::net::SocketAddr,
}

impl SpringOrderService {
    /// Serves HTTP on that port, and joins the group of order services.
    pub(crate) fn start(bootstrap_servers: &str, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the order service's port");
        let address = listener.local_addr().expect("an address");
        let (state, is_over, stands_still) = (
            Arc::<Mutex<State>>::default(),
            Arc::<AtomicBool>::default(),
            Arc::<Mutex<bool>>::default(),
        );
        let http = {
            let (state, is_over) = (Arc::clone(&state), Arc::clone(&is_over));
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if is_over.load(Ordering::Acquire) {
                        return;
                    }
                    // An error means that the client has gone.
                    let _ = serve(&stream.expect("a connection"), &state);
                }
            })
        };
        let kafka = {
            let listener = Listener::join(bootstrap_servers, Arc::clone(&state));
            let (is_over, stands_still) = (Arc::clone(&is_over), Arc::clone(&stands_still));
            thread::spawn(move || {
                while !is_over.load(Ordering::Acquire) {
                    let stands_still = stands_still.lock().unwrap();
                    if !*stands_still {
                        listener.poll();
                    }
                    drop(stands_still);
                    // So that somebody else can have the lock.
                    thread::sleep(Duration::from_millis(5));
                }
            })
        };
        Self {
            state,
            is_over,
            stands_still,
            threads: vec![http, kafka],
            address,
        }
    }

    /// From now on it reads no command, or does again.
    pub(crate) fn stand_still(&self, stands_still: bool) {
        *self.stands_still.lock().unwrap() = stands_still;
    }

    /// The orders it has made.
    pub(crate) fn orders(&self) -> Vec<Value> {
        self.state
            .lock()
            .unwrap()
            .orders
            .values()
            .cloned()
            .collect()
    }

    /// The types of the commands that it does not know.
    pub(crate) fn unknown_commands(&self) -> Vec<String> {
        self.state.lock().unwrap().unknown.clone()
    }

    /// The paths that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for SpringOrderService {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(WAIT))?;
    let mut reader = BufReader::new(stream);
    let request = read_line(&mut reader)?;
    let mut length = 0;
    loop {
        let header = read_line(&mut reader)?.to_lowercase();
        match header.strip_prefix("content-length:") {
            Some(told) => length = told.trim().parse().expect("a length"),
            None if header.is_empty() => break,
            None => {}
        }
    }
    // A body that is left unread would reset the connection under the answer.
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let order = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        let number = path.strip_prefix("/api/order/").unwrap_or_default();
        state.orders.get(number).cloned()
    };
    let (status, body) = match order {
        Some(order) => ("200 OK", order),
        None => (
            "404 Not Found",
            json!({"code": -704, "msg": "해당건이 없습니다."}),
        ),
    };
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

struct Listener {
    consumer: BaseConsumer,
    producer: BaseProducer,
    state: Arc<Mutex<State>>,
}

impl Listener {
    fn join(bootstrap_servers: &str, state: Arc<Mutex<State>>) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap_servers);
        let producer = config.create().expect("a producer");
        // As the original: the range assignor alone. It stands still for longer than the poll interval of a lively member.
        config
            .set("group.id", "orderGroup")
            .set("partition.assignment.strategy", "range")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", "6000");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        consumer.subscribe(&["orders"]).expect("a subscription");
        Self {
            consumer,
            producer,
            state,
        }
    }

    fn poll(&self) {
        if let Some(Ok(record)) = self.consumer.poll(Duration::from_millis(50)) {
            let value: Value =
                serde_json::from_slice(record.payload().unwrap_or_default()).unwrap();
            if value["eventType"] == "ORDER_CREATE" {
                self.create(&record, &value);
            } else {
                let kind = value["eventType"].to_string();
                self.state.lock().unwrap().unknown.push(kind);
            }
        }
    }

    fn create(&self, record: &BorrowedMessage<'_>, command: &Value) {
        let mut state = self.state.lock().unwrap();
        let number = format!("20261123101540{}", 1_000 + state.orders.len());
        let lines = &command["data"]["orderLineList"];
        let is_refused = lines[0]["quantity"] == NOT_IN_STOCK;
        let mut order = json!({
            "orderNum": number, "orderLineList": lines, "status": "CREATED", "createdDate": "2026-11-23T10:15:40.5",
        });
        if is_refused {
            order["status"] = json!("REJECTED");
            order["rejectReason"] = json!("NO_STOCK");
        }
        state.orders.insert(number, order.clone());
        let kind = if is_refused {
            "ORDER_REJECTED"
        } else {
            "ORDER_CREATED"
        };
        let reply = json!({
            "eventType": kind, "key": command["key"], "data": order, "eventCreatedAt": "2026-11-23T10:15",
        });
        self.reply(record, &reply.to_string());
    }

    fn reply(&self, record: &BorrowedMessage<'_>, value: &str) {
        let headers = record.headers().expect("headers");
        let bytes = |name| headers.iter().find(|header| header.key == name)?.value;
        let partition = bytes("kafka_replyPartition").expect("a partition");
        let partition = i32::from_be_bytes(partition.try_into().expect("four bytes"));
        let own = OwnedHeaders::new().insert(Header {
            key: "kafka_correlationId",
            value: bytes("kafka_correlationId"),
        });
        let reply = BaseRecord::<(), str>::to("composite")
            .partition(partition)
            .payload(value)
            .headers(own);
        self.producer
            .send(reply)
            .unwrap_or_else(|(error, _)| panic!("{error}"));
        self.producer.flush(WAIT).expect("a delivery");
    }
}
