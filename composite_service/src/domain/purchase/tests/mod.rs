//! The saga: each step against each event, its rules one by one, and all that can happen to it in a world that loses and doubles.

mod samples;
mod table;
mod outcomes;
mod cancelling;
mod strangers;
mod perseverance;
mod peers;
mod world;
mod exploration;
