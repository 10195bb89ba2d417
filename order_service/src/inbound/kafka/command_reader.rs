//! What a record is: a command, which goes to the registry, or a dead letter, whose sender gets an error where it can be told.

use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use chrono_tz::Tz;
use rdkafka::Message;
use rdkafka::message::OwnedMessage;
use shared::clock::Clock;
use shared::crash::crash;
use shared::kafka::dead_letters::DeadLetters;
use shared::postbox::Postbox;
use shared::reason::Reason;
use shared::trace::{Arrival, RecordPlace, Traces};
use shared::wire::headers::trace_context;

use crate::actors::in_flight::InFlight;
use crate::actors::order_actor::ApplyCommand;
use crate::inbound::kafka::decode::{Decoded, Poison, Reading, decode};
use crate::metrics::IntakeMetrics;
use crate::ports::reply_sink::{CommandOutcome, ReplySink};
use crate::steps;

/// How dead letters name the failure; Spring writes a Java class there.
const MALFORMED_COMMAND: &str = "MalformedCommand";

/// Reads records.
pub struct CommandReader {
    /// Where commands go.
    pub registry: Postbox<ApplyCommand>,
    /// Where errors go.
    pub replies: Arc<dyn ReplySink>,
    /// Where records go that aren't commands.
    pub dead_letters: DeadLetters,
    /// When orders are placed.
    pub clock: Arc<dyn Clock>,
    /// The zone of order numbers that are made here.
    pub zone: Tz,
    /// How long a pending order waits for its payment before it is reviewed.
    pub unpaid_for: TimeDelta,
    /// What is counted.
    pub metrics: IntakeMetrics,
    /// Where commands leave their trails.
    pub traces: Arc<Traces>,
}

impl CommandReader {
    /// Whether the next record may be read, should it be a dead letter: as many bytes of them may be under way as memory has room for.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.dead_letters.is_full()
    }

    /// Reads a record that was polled at `polled_at`. Never blocks. `in_flight` is finished when the record needs no other look.
    pub fn read(&self, record: &OwnedMessage, polled_at: Instant, in_flight: InFlight) {
        self.metrics.taken.inc();
        let in_flight = in_flight.measured_by(self.metrics.processed.clone());
        let reading = Reading::new(self.clock.now(), self.zone, self.unpaid_for);
        match decode(record, reading) {
            Ok(Decoded { command, requester }) => {
                let arrival = arrival(record, polled_at, command.name());
                let trail = self.traces.begin(command.number(), arrival);
                trail.mark(steps::TAKEN);
                self.hand_over(ApplyCommand {
                    command,
                    requester,
                    received_at: reading.now,
                    in_flight,
                    trail,
                });
            }
            Err(poison) => self.set_aside(record, *poison, in_flight),
        }
    }

    fn hand_over(&self, message: ApplyCommand) {
        let trail = message.trail.clone();
        if let Err(error) = self.registry.try_send(message) {
            // The registry's mailbox has room for every permit, and the registry ends with the runtime, which is after intake.
            crash(format_args!(
                "{trail} the registry did not take a command: {error}"
            ));
        }
    }

    /// Puts a record that isn't a command with the dead letters, and answers its sender once they have it. Until then its offset stays
    /// uncommitted and its permit in use.
    fn set_aside(&self, record: &OwnedMessage, poison: Poison, in_flight: InFlight) {
        self.metrics.set_aside.inc();
        let cause = poison.cause.to_string();
        let replies = Arc::clone(&self.replies);
        let on_settled = Box::new(move || answer_poison(&*replies, poison, in_flight));
        self.dead_letters
            .set_aside(record, MALFORMED_COMMAND, &cause, on_settled);
    }
}

fn arrival(record: &OwnedMessage, polled_at: Instant, name: &'static str) -> Arrival {
    Arrival {
        name,
        step: steps::POLLED,
        at: polled_at,
        caller: trace_context(record.headers()),
        record: Some(RecordPlace {
            partition: record.partition(),
            offset: record.offset(),
        }),
    }
}

fn answer_poison(replies: &dyn ReplySink, poison: Poison, in_flight: InFlight) {
    let Some(requester) = poison.requester else {
        return in_flight.finish();
    };
    let outcome = CommandOutcome {
        number: poison.number,
        order: None,
        refusal: Some(Reason::MalformedCommand),
    };
    let on_replied = Box::new(move || in_flight.finish());
    replies.reply(&requester, &outcome, None, on_replied);
}
