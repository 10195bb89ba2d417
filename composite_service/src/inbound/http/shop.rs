//! What the handlers work with.

use std::sync::Arc;

use chrono_tz::Tz;
use shared::clock::Clock;
use shared::ids::IdSource;
use shared::kafka::broker_probe::BrokerProbe;
use shared::kafka::health_board::HealthBoard;
use shared::order_number::OrderNumber;
use shared::reason::Reason;
use shared::wire::order_dto::OrderDto;
use tokio::sync::watch;

use super::authentication::Authentication;
use super::error::ApiError;
use super::request_limits::RequestLimits;
use crate::actors::purchase_actor::Purchases;
use crate::domain::access::Caller;
use crate::ports::member_query::MemberQuery;
use crate::ports::my_page::MyPageParts;
use crate::ports::order_query::{OrderQuery, QueryError};
use crate::ports::quotes::Quotes;

/// The ports and handles behind the public API; the server gives them to every handler.
#[derive(Clone)]
pub struct Shop {
    /// How members prove who they are.
    pub authentication: Authentication,
    /// How many requests clients may send.
    pub request_limits: RequestLimits,
    /// Starts purchases.
    pub purchases: Purchases,
    /// Reads orders and products.
    pub query: Arc<dyn OrderQuery>,
    /// Prices without an order; `None` where the settings say that the order service is a Spring one.
    pub quotes: Option<Arc<dyn Quotes>>,
    /// Reads the orders of members.
    pub members: Arc<dyn MemberQuery>,
    /// The parts of their pages.
    pub my_page: Arc<dyn MyPageParts>,
    /// Tells whether an order that nobody knows may still come.
    pub clock: Arc<dyn Clock>,
    /// The zone of order numbers.
    pub zone: Tz,
    /// Makes the request ids of purchases.
    pub ids: Arc<dyn IdSource>,
    /// Asks Kafka whether it is there.
    pub broker: BrokerProbe,
    /// The partition that replies go to; `None` while this instance owns none.
    pub reply_partition: watch::Receiver<Option<i32>>,
    /// Whether replies are read, and why not.
    pub replies: HealthBoard,
    /// The topic that they come from.
    pub reply_topic: String,
    /// Whether the service is going down.
    pub stopping: watch::Receiver<bool>,
}

impl Shop {
    /// The order, if there is one that this caller may see. To others it is as if there were none.
    pub(super) async fn order_of(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<Option<OrderDto>, QueryError> {
        let order = self.query.order(number).await?;
        let tokens = self.authentication.order_tokens();
        Ok(order.filter(|order| caller.may_act_on(number, order.member_id.as_ref(), tokens)))
    }

    /// An order that is not the caller's is refused as the order service refuses one that it does not know.
    pub(super) async fn check_owner(
        &self,
        caller: &Caller,
        number: &OrderNumber,
    ) -> Result<(), ApiError> {
        if caller.is_unproven() {
            return Ok(());
        }
        match self.order_of(caller, number).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(ApiError::Refused {
                number: Some(number.clone()),
                reason: Reason::UnknownOrder,
                detail: None,
                retry_after: None,
            }),
            Err(error) => {
                log::warn!(
                    "an order can't be changed, because it is not known whose it is: {error}"
                );
                Err(ApiError::BusUnavailable)
            }
        }
    }
}
