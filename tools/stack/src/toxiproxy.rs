//! Toxiproxy as a child process: connections that pass through it can be cut and slowed. Must not know what they carry.

use crate::programs::base_url;
use crate::{Part, Place, Service, Spec, ports, provide};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// The handle of the child; it ends with the handle, and every link with it.
pub struct Toxiproxy {
    service: Service,
}

impl Toxiproxy {
    /// Starts it on a free port and waits until it answers.
    pub fn start(place: &Place) -> Result<Self> {
        let port = ports::free_port()?;
        let url = base_url(port);
        let mut service = Service::start(Spec {
            name: "toxiproxy".into(),
            program: provide(Part::Toxiproxy)?,
            args: vec![
                "-host".into(),
                "127.0.0.1".into(),
                "-port".into(),
                port.to_string().into(),
            ],
            env: vec![("LOG_LEVEL".to_owned(), "error".to_owned())],
            log: place.log_of("toxiproxy"),
            ready: format!("{url}/version"),
            url,
            ..Spec::default()
        })?;
        service.wait_ready(START_LIMIT)?;
        Ok(Self { service })
    }

    /// The child itself.
    pub fn service(&mut self) -> &mut Service {
        &mut self.service
    }

    /// A link to these servers on 127.0.0.1, whether they run yet or not. All of its ports are disturbed together.
    pub fn link(&self, name: &str, upstreams: &[u16]) -> Result<Link> {
        let mut link = Link {
            api: self.service.url().to_owned(),
            ways: Vec::new(),
        };
        for (index, upstream) in upstreams.iter().enumerate() {
            let way = Way {
                name: format!("{name}-{index}"),
                port: ports::free_port()?,
            };
            let proxy = json!({
                "name": way.name,
                "listen": format!("127.0.0.1:{}", way.port),
                "upstream": format!("127.0.0.1:{upstream}"),
                "enabled": true,
            });
            post(&format!("{}/proxies", link.api), &proxy)?;
            link.ways.push(way);
        }
        Ok(link)
    }
}

/// A link between two parts, with a port for each server at its far end. Dropping the handle does not remove the link.
#[derive(Clone, Debug)]
pub struct Link {
    api: String,
    ways: Vec<Way>,
}

#[derive(Clone, Debug)]
struct Way {
    name: String,
    port: u16,
}

/// A toxic: its name, Toxiproxy's kind, and the direction.
const SLOW: (&str, &str, &str) = ("slow", "latency", "downstream");
const MUTE: (&str, &str, &str) = ("mute", "timeout", "upstream");
const DEAF: (&str, &str, &str) = ("deaf", "timeout", "downstream");

impl Link {
    /// The ports on 127.0.0.1 to connect to instead of the servers' own, in the servers' order.
    pub fn ports(&self) -> Vec<u16> {
        self.ways.iter().map(|way| way.port).collect()
    }

    /// Cuts its connections and refuses new ones, as when the process at the far end is killed.
    pub fn cut(&self) -> Result<()> {
        self.switch(false)
    }

    /// Keeps its connections open, but lets nothing through, as when a cable is pulled.
    pub fn silence(&self) -> Result<()> {
        // 0: nothing gets through, and the connection is never closed.
        let attributes = json!({"timeout": 0});
        self.poison(MUTE, &attributes)?;
        self.poison(DEAF, &attributes)
    }

    /// Delays everything that comes from the far end by this time.
    pub fn slow(&self, latency: Duration) -> Result<()> {
        let millis = u64::try_from(latency.as_millis())?;
        self.poison(SLOW, &json!({"latency": millis, "jitter": 0}))
    }

    /// Removes every disturbance.
    pub fn restore(&self) -> Result<()> {
        for (toxic, ..) in [SLOW, MUTE, DEAF] {
            self.cure(toxic)?;
        }
        self.switch(true)
    }

    fn switch(&self, enabled: bool) -> Result<()> {
        self.ways
            .iter()
            .try_for_each(|way| post(&self.proxy(way), &json!({"enabled": enabled})))
    }

    fn poison(&self, (name, kind, stream): (&str, &str, &str), attributes: &Value) -> Result<()> {
        // Toxiproxy refuses a second toxic of the same name.
        self.cure(name)?;
        let toxic = json!({
            "name": name, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes,
        });
        self.ways
            .iter()
            .try_for_each(|way| post(&format!("{}/toxics", self.proxy(way)), &toxic))
    }

    fn cure(&self, toxic: &str) -> Result<()> {
        self.ways
            .iter()
            .try_for_each(|way| delete(&format!("{}/toxics/{toxic}", self.proxy(way))))
    }

    fn proxy(&self, way: &Way) -> String {
        format!("{}/proxies/{}", self.api, way.name)
    }
}

fn agent() -> ureq::Agent {
    crate::direct(CALL_LIMIT)
        .http_status_as_error(false)
        .build()
        .into()
}

fn post(url: &str, body: &Value) -> Result<()> {
    let mut answer = agent()
        .post(url)
        .header("content-type", "application/json")
        .send(body.to_string())
        .with_context(|| format!("cannot reach Toxiproxy: POST {url}"))?;
    if !answer.status().is_success() {
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        bail!("Toxiproxy refused POST {url}: {} {text}", answer.status());
    }
    Ok(())
}

/// Deletes it if it exists.
fn delete(url: &str) -> Result<()> {
    let answer = agent()
        .delete(url)
        .call()
        .with_context(|| format!("cannot reach Toxiproxy: DELETE {url}"))?;
    if !answer.status().is_success() && answer.status() != 404 {
        bail!("Toxiproxy refused DELETE {url}: {}", answer.status());
    }
    Ok(())
}
