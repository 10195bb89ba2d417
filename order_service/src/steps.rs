//! The steps of a command's trail, in their usual order. Each step ends the wait before it.

/// The poll loop has it; it waits for a permit.
pub const POLLED: &str = "record.polled";
/// Intake has it, decoded it, and sends it to the registry.
pub const TAKEN: &str = "record.taken";
/// The registry has it, and sends it to the order's actor.
pub const ROUTED: &str = "command.routed";
/// The order's actor has it: those before it are done.
pub const BEGUN: &str = "command.begun";
/// The order is loaded.
pub const LOADED: &str = "order.loaded";
/// What it changes is decided, and sent to the journal.
pub const DECIDED: &str = "command.decided";
/// A transaction that contains it begins.
pub const BATCH_BEGUN: &str = "batch.begun";
/// A row that it needs is locked: it is set aside for another transaction.
pub const ROW_HELD: &str = "batch.row_held";
/// It keeps failing although the store answers: it is set aside for a transaction of its own.
pub const STORE_FAILED: &str = "batch.store_failed";
/// The transaction has ended.
pub const BATCH_COMMITTED: &str = "batch.committed";
/// The reply goes to the producer.
pub const REPLIED: &str = "reply.published";
/// The brokers have the reply.
pub const ACKNOWLEDGED: &str = "reply.acknowledged";
