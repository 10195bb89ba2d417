//! Dead letters, the records that a service could not handle: finds them, knows which are back already, and puts them back.
//! Must not know the command line or the terminal.
//!
//! | module | |
//! |---|---|
//! | `record_id` | a record's name, `topic/partition/offset` |
//! | `letter` | what the headers of a dead letter say; the headers of one that goes back, and of its marker. Pure |
//! | `survey` | all letters of some topics, which of them wait, and which may go back. Pure |
//! | `text` | bytes as text or hex for a terminal. Pure |
//! | `reader` | records from the brokers |
//! | `redriver` | records to the brokers |
//!
//! A dead letter stays in its topic when it is put back, since Kafka is a log. A marker is added to the same partition then: a record
//! without key and value, whose header `mall_redriven` holds the letter's offset. It lives as long as the letter, needs no topic of
//! its own, and letters may be put back in any order.

mod letter;
mod reader;
mod record_id;
mod redriver;
mod survey;
mod text;

pub use letter::{Letter, Origin};
pub use reader::Reader;
pub use record_id::RecordId;
pub use redriver::{Destination, Redriver};
pub use survey::{Survey, distinct};
pub use text::{dump, one_line, text_or_hex};
