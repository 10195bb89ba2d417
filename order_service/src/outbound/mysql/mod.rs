//! MySQL and MariaDB by Diesel. The only folder that names Diesel. Rows and domain are different types; conversions are in `rows`.

mod connection_url;
mod set_up;
pub mod pool;
pub mod watchdog;
pub mod schema;
pub mod rows;
pub mod order_store;
mod buyers;
mod refund_column;
pub mod locks;
pub mod statements;
pub mod catalogue;
pub mod shelves;
pub mod migrate;
pub mod error;
