//! Runs a service on actix's system, and takes the system down in good order.

/// Runs `service`, with its actors, until it ends.
///
/// A service may end before its actors have had their first turn, as when an address is in use. Actix gives such an actor its first turn
/// while it is dropped; by then the runtime has ended, so its timers would panic in a destructor and abort the process. So all have their
/// turn before.
pub fn run<T>(service: impl Future<Output = T>) -> T {
    actix::System::new().block_on(async move {
        let result = service.await;
        tokio::task::yield_now().await;
        result
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use actix::{Actor, Context};
    use tokio::runtime::Handle;

    use super::*;

    /// Tells whether there was a runtime when it started.
    struct Starter(mpsc::Sender<bool>);

    impl Actor for Starter {
        type Context = Context<Self>;

        fn started(&mut self, _: &mut Self::Context) {
            self.0.send(Handle::try_current().is_ok()).unwrap();
        }
    }

    #[test]
    fn the_actors_of_a_service_that_ends_at_once_start_before_the_runtime_ends() {
        let (told_tx, told) = mpsc::channel();
        let ended = run(async {
            let _address = Starter(told_tx).start();
            "ended"
        });
        assert_eq!(ended, "ended");
        assert_eq!(told.recv(), Ok(true));
    }
}
