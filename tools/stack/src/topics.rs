//! The topics that the services speak over. Must not know which broker holds them, or what is in the records.

/// A topic and its number of partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
}

/// The commands' and the replies' topic. Their dead-letter topics, `<name>-dlt`, come with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Commands to the order service.
    pub orders: Topic,
    /// Replies and order events.
    pub composite: Topic,
}

impl Topics {
    /// Both topics under their usual names.
    pub fn with_partitions(orders: i32, composite: i32) -> Self {
        let topic = |name: &str, partitions| Topic {
            name: name.to_owned(),
            partitions,
        };
        Self {
            orders: topic("orders", orders),
            composite: topic("composite", composite),
        }
    }

    /// Everything that must exist at the broker.
    pub fn all(&self) -> Vec<Topic> {
        let dead_letters = |topic: &Topic| Topic {
            name: format!("{}-dlt", topic.name),
            partitions: 1,
        };
        vec![
            self.orders.clone(),
            self.composite.clone(),
            dead_letters(&self.orders),
            dead_letters(&self.composite),
        ]
    }

    /// The variables by which both services learn of them.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        let variable = |name: &str, value: String| (name.to_owned(), value);
        vec![
            variable("ORDERS_TOPIC", self.orders.name.clone()),
            variable("ORDERS_PARTITIONS", self.orders.partitions.to_string()),
            variable("COMPOSITE_TOPIC", self.composite.name.clone()),
            variable(
                "COMPOSITE_PARTITIONS",
                self.composite.partitions.to_string(),
            ),
        ]
    }
}
