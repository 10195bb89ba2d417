//! The records that a service has set aside: found, told apart from those that are back already, and put back.
//! Must not know the command line or the terminal.
//!
//! | module | |
//! |---|---|
//! | [`record_id`] | a record's name, `topic/partition/offset` |
//! | [`letter`] | what the headers of a dead letter say; the headers of one that goes back, and of its marker. Pure |
//! | [`survey`] | all letters of some topics, which of them wait, and which may go back. Pure |
//! | [`text`] | bytes as text or hex that a terminal can stand. Pure |
//! | [`reader`] | records from the brokers |
//! | [`redriver`] | records to the brokers |
//!
//! A dead letter stays in its topic when it is put back, since Kafka is a log. A marker is added to the same partition then: a record
//! without key and value, whose header `mall_redriven` holds the letter's offset. It lives as long as the letter, needs no topic of
//! its own, and does not care for the order in which letters are put back.

pub(crate) mod letter;
pub(crate) mod reader;
pub(crate) mod record_id;
pub(crate) mod redriver;
pub(crate) mod survey;
pub(crate) mod text;
