//! The buyers of one round, concurrently, on a thread of their own. Must not know which faults strike.

use crate::buyer::Floor;
use crate::peer::Peer;
use crate::plan::Round;
use crate::told::{Attempt, Told};
use crate::wallet::Wallet;
use anyhow::{Context, Result, anyhow};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How often a buyer that pauses looks whether the round is over.
const GLANCE: Duration = Duration::from_millis(100);

/// Buyers that buy until the round is over.
pub(crate) struct Crowd {
    floor: Arc<Floor>,
    thread: JoinHandle<Result<()>>,
}

impl Crowd {
    /// Starts so many buyers.
    pub(crate) fn enter(
        round: Round,
        buyers: u32,
        doors: Vec<String>,
        bootstrap_servers: &str,
        wallet: Option<Arc<Wallet>>,
    ) -> Result<Self> {
        // An error means that a provider is installed already; reqwest is built without one of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .build()
            .context("cannot make an HTTP client")?;
        let floor = Arc::new(Floor {
            doors: doors.into(),
            client,
            peer: Peer::new(bootstrap_servers)?,
            journal: Vec::new().into(),
            attempts: Vec::new().into(),
            wallet,
            order_tokens: BTreeMap::new().into(),
            is_closed: AtomicBool::new(false),
        });
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the buyers' runtime")?;
        let shared = Arc::clone(&floor);
        let thread = thread::spawn(move || {
            runtime.block_on(shop(&shared, Arc::new(round), buyers))?;
            shared.peer.flush()
        });
        Ok(Self { floor, thread })
    }

    /// What was told up to now.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&[Told]) -> R) -> R {
        look(&self.floor.told())
    }

    /// New requests go to these composites' base URLs.
    pub(crate) fn find_doors(&self, doors: Vec<String>) {
        *self.floor.doors.lock() = doors;
    }

    /// Lets no new request begin, waits until all are answered, and takes the journal, of honest buyers and of others.
    pub(crate) fn leave(self) -> Result<(Vec<Told>, Vec<Attempt>)> {
        self.floor.close();
        self.thread
            .join()
            .map_err(|_| anyhow!("the buyers panicked"))??;
        let told = std::mem::take(&mut *self.floor.told());
        Ok((told, std::mem::take(&mut *self.floor.attempts.lock())))
    }
}

async fn shop(floor: &Arc<Floor>, round: Arc<Round>, buyers: u32) -> Result<()> {
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    for buyer in 0..buyers {
        let (floor, round) = (Arc::clone(floor), Arc::clone(&round));
        tasks.spawn(async move {
            for nth in 0.. {
                let visit = round.visit(buyer, nth);
                if !waited(&floor, visit.pause).await {
                    break;
                }
                floor.perform(&visit).await;
            }
            Ok(())
        });
    }
    let (floor, round) = (Arc::clone(floor), Arc::clone(&round));
    tasks.spawn(async move {
        for (nth, after) in round.poisons.iter().enumerate() {
            if !waited(&floor, *after).await {
                break;
            }
            floor.peer.poison(round.number, nth)?;
        }
        Ok(())
    });
    while let Some(ended) = tasks.join_next().await {
        ended.context("a buyer panicked")??;
    }
    Ok(())
}

/// Whether the round still goes on after that time.
async fn waited(floor: &Floor, time: Duration) -> bool {
    let end = Instant::now() + time;
    loop {
        if floor.is_closed() {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        sleep(left.min(GLANCE)).await;
    }
}
