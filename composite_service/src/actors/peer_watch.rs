//! Finds out over HTTP which order service it is, again and again: it may be replaced at any time.

use std::sync::Arc;
use std::time::Duration;

use shared::ids::IdSource;
use shared::postbox::Postbox;
use tokio::sync::Notify;

use crate::actors::kafka_bridge::PeerSeen;
use crate::domain::peer::Peer;
use crate::ports::order_query::OrderQuery;

/// The longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// The same after one that has seen nothing: until one has, payments are refused.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// The shortest pause, however many wait.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// Looks at once, and then for as long as the process lives, sooner whenever `look` is notified. Tells `bridge` what it sees.
pub fn start(
    query: Arc<dyn OrderQuery>,
    ids: Arc<dyn IdSource>,
    bridge: Postbox<PeerSeen>,
    look: Arc<Notify>,
) {
    actix::spawn(async move {
        loop {
            let seen = query.peer().await;
            // The error is dropped: if the mailbox is full, the next look tells it. A bridge that is gone ends the process elsewhere.
            let _ = bridge.try_send(PeerSeen(seen));
            let pause = match seen {
                Peer::Unknown => SHORT_PAUSE,
                Peer::Mall | Peer::Spring => PAUSE,
            };
            tokio::time::sleep(LEAST_PAUSE).await;
            // An error means that nobody has asked to look sooner.
            let _ = tokio::time::timeout(ids.jitter(pause), look.notified()).await;
        }
    });
}
