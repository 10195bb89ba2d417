//! The payment gateway's adapter against the payment simulator as a process of its own, and against peers that misbehave.

mod simulator;
mod confirming;
mod cancelling;
mod looking_up;
mod strange_answers;
