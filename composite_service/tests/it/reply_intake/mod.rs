//! The intake of replies on brokers: it hands over what is in its partitions, and instances come and go without a loss.

mod instance;
mod replies;
mod poison;
mod membership;
mod topics;
