//! Logging: lines on standard error, level and targets by `RUST_LOG`. Knows no message.

/// Sets the logger up; `info` where `RUST_LOG` says nothing.
pub fn init() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format_timestamp_millis()
        .init();
}
