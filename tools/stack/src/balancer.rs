//! Debian's haproxy as a child process, in front of composites: it sends shoppers to those that say that they are ready.
//! Must not know what shoppers want.

use crate::programs::base_url;
use crate::{Part, Place, Service, Spec, ports, provide};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);
const NAME: &str = "haproxy";

/// The handle of the child; it ends with the handle.
pub struct Balancer {
    service: Service,
}

impl Balancer {
    /// Starts it on `127.0.0.1:port` (0: a free one) in front of servers on these ports, and waits until one of them is ready.
    pub fn start(place: &Place, port: u16, servers: &[u16]) -> Result<Self> {
        let port = ports::given_or_free(port)?;
        let file = place.data_of(NAME)?.join("haproxy.cfg");
        let text = settings(port, servers);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let url = base_url(port);
        let mut service = Service::start(Spec {
            name: NAME.into(),
            program: provide(Part::Haproxy)?,
            // -db: in the foreground
            args: vec!["-db".into(), "-f".into(), file.into()],
            log: place.log_of(NAME),
            ready: format!("{url}/readyz"),
            url,
            ..Spec::default()
        })?;
        service.wait_ready(START_LIMIT)?;
        Ok(Self { service })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        self.service.url()
    }

    /// The child itself.
    pub fn service(&mut self) -> &mut Service {
        &mut self.service
    }
}

fn settings(port: u16, servers: &[u16]) -> String {
    let mut text = include_str!("haproxy/haproxy.cfg").replace("{port}", &port.to_string());
    for (index, server) in servers.iter().enumerate() {
        // writing to a string can't fail
        let _ = writeln!(text, "    server composite-{index} 127.0.0.1:{server}");
    }
    text
}
