//! Performs one visit over HTTP and notes every request and its answer in the journal. Must not judge any answer.

use crate::asking::{ORDER_TOKEN, answer, request};
use crate::forger::{Headers, credentials};
use crate::peer::Peer;
use crate::plan::{Course, Regret, Shopper, Visit};
use crate::told::{
    ANSWER_TIMEOUT, Answer, Attempt, Request, Said, Status, Told, forged_payment, now,
};
use crate::wallet::Wallet;
use parking_lot::{Mutex, MutexGuard};
use reqwest::Client;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// Before a buyer asks again.
const COME_BACK_AFTER: Duration = Duration::from_millis(400);

/// How long a slow payment is under way when somebody rejects its order.
const INTO_THE_PAYMENT: Duration = Duration::from_millis(1_200);

/// What all buyers share.
pub(crate) struct Floor {
    /// The composites' base URLs. Their number stays.
    pub(crate) doors: Mutex<Vec<String>>,
    pub(crate) client: Client,
    pub(crate) peer: Peer,
    pub(crate) journal: Mutex<Vec<Told>>,
    /// What dishonest buyers tried.
    pub(crate) attempts: Mutex<Vec<Attempt>>,
    /// The members' tokens, where they must prove who they are.
    pub(crate) wallet: Option<Arc<Wallet>>,
    /// The tokens that open guests' orders, by order.
    pub(crate) order_tokens: Mutex<BTreeMap<String, String>>,
    /// No new request may begin.
    pub(crate) is_closed: AtomicBool,
}

/// A request of a visit.
struct Ask<'a> {
    request: &'a Request,
    key: Option<&'a str>,
    misuses_key: bool,
    timeout: Duration,
    door: usize,
}

impl Floor {
    /// The journal up to now.
    pub(crate) fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.journal.lock()
    }

    /// Ends the buying: no new request begins.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Whether no new request may begin.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// The composite behind that door, and its base URL now.
    fn door(&self, door: usize) -> (usize, String) {
        let doors = self.doors.lock();
        let composite = door % doors.len();
        (composite, doors[composite].clone())
    }

    /// Does what the visit says.
    pub(crate) async fn perform(&self, visit: &Visit) {
        let payment = match &visit.course {
            Course::PayAtOnce(payment) => Some((payment.key.clone(), payment.amount)),
            Course::PayLater { .. } | Course::RejectedMeanwhile(_) | Course::Abandon => None,
        };
        let place = Request::Place {
            lines: visit.lines.clone(),
            coupon: visit.coupon,
            payment,
        };
        let placed = self.insist(visit, &place).await;
        let order = placed.as_ref().and_then(|said| said.order.as_deref());
        self.forge(visit, &place, order).await;
        if visit.misuses_its_key && placed.as_ref().is_some_and(|said| said.order.is_some()) {
            self.misuse_key(visit, &place).await;
        }
        self.pay_for(visit, placed.as_ref()).await;
        if let (Some(regret), Some(order)) = (visit.cancels, placed.and_then(bought)) {
            self.cancel(visit, regret, &order).await;
        }
    }

    /// Pays the order that waits for it, and looks at it.
    async fn pay_for(&self, visit: &Visit, placed: Option<&Said>) {
        let Some(order) = placed.and_then(pending) else {
            return;
        };
        match &visit.course {
            Course::PayAtOnce(_) | Course::Abandon => {}
            Course::PayLater {
                pause,
                payment,
                rival,
            } => {
                sleep(*pause).await;
                let own = pay(&order, &payment.key, payment.amount);
                match rival {
                    None => drop(self.insist(visit, &own).await),
                    Some(rival) => {
                        let other = pay(&order, &rival.key, rival.amount);
                        tokio::join!(
                            self.insist(visit, &own),
                            self.once(visit, &other, visit.door + 1)
                        );
                    }
                }
            }
            Course::RejectedMeanwhile(payment) => {
                let own = pay(&order, &payment.key, payment.amount);
                tokio::join!(self.insist(visit, &own), self.reject(visit, &order));
            }
        }
        self.once(visit, &Request::Read { order }, visit.door + 1)
            .await;
    }

    /// Cancels the order, whatever has become of it.
    async fn cancel(&self, visit: &Visit, regret: Regret, order: &str) {
        let wish = |is_of_one_piece| Request::Cancel {
            order: order.to_owned(),
            is_of_one_piece,
        };
        let (piece, whole) = (wish(true), wish(false));
        match regret {
            Regret::Whole => drop(self.insist(visit, &whole).await),
            Regret::Piece => drop(self.insist(visit, &piece).await),
            Regret::PieceAndRest => {
                tokio::join!(
                    self.insist(visit, &piece),
                    self.once(visit, &whole, visit.door + 1)
                );
            }
        }
    }

    /// Repeats the request until the answer is definite, or the visit's repetitions are used up. Only requests that are safe to repeat are:
    /// with an idempotency key, or a payment.
    async fn insist(&self, visit: &Visit, request: &Request) -> Option<Said> {
        let is_placing = matches!(request, Request::Place { .. });
        let key = match request {
            Request::Place { .. } => visit.key.clone(),
            // a piece is never cancelled without a key
            Request::Cancel { .. } => Some(format!("cancel-{}", visit.name)),
            Request::Pay { .. } | Request::Read { .. } | Request::Reject { .. } => {
                visit.key.as_ref().map(|key| format!("{key}-payment"))
            }
        };
        let mut ask = Ask {
            request,
            key: key.as_deref(),
            misuses_key: false,
            timeout: visit.gives_up_after.unwrap_or(ANSWER_TIMEOUT),
            door: visit.door,
        };
        let mut told = if is_placing && visit.is_doubled {
            let other = Ask {
                door: ask.door + 1,
                ..ask
            };
            let (first, _) = tokio::join!(self.ask(visit, &ask), self.ask(visit, &other));
            first
        } else {
            self.ask(visit, &ask).await
        };
        let returns = if is_placing && ask.key.is_none() {
            0
        } else {
            visit.returns
        };
        for _ in 0..returns {
            if told.certain().is_some() || self.is_closed() {
                break;
            }
            sleep(COME_BACK_AFTER).await;
            ask.timeout = ANSWER_TIMEOUT;
            ask.door += 1;
            told = self.ask(visit, &ask).await;
        }
        let order = match &told.answer {
            Answer::Said(said) if said.http == 202 => said.order.clone(),
            _ => None,
        };
        if let Some(order) = order {
            // the answer said where the order will be found
            sleep(COME_BACK_AFTER).await;
            self.once(visit, &Request::Read { order }, visit.door).await;
        }
        told.certain().cloned()
    }

    async fn once(&self, visit: &Visit, request: &Request, door: usize) -> Told {
        let ask = Ask {
            request,
            key: None,
            misuses_key: false,
            timeout: ANSWER_TIMEOUT,
            door,
        };
        self.ask(visit, &ask).await
    }

    async fn misuse_key(&self, visit: &Visit, placed: &Request) {
        let mut other = placed.clone();
        if let Request::Place { lines, .. } = &mut other
            && let Some(line) = lines.first_mut()
        {
            line.quantity += 1;
        }
        let ask = Ask {
            request: &other,
            key: visit.key.as_deref(),
            misuses_key: true,
            timeout: ANSWER_TIMEOUT,
            door: visit.door + 1,
        };
        self.ask(visit, &ask).await;
    }

    async fn reject(&self, visit: &Visit, order: &str) {
        sleep(INTO_THE_PAYMENT).await;
        let begun = now();
        let answer = match self.peer.reject(order) {
            Ok(()) => Answer::Said(Said {
                http: 202,
                ..Said::default()
            }),
            Err(error) => Answer::Nothing(format!("{error:#}")),
        };
        self.told().push(Told {
            visit: visit.name,
            composite: 0,
            request: Request::Reject {
                order: order.to_owned(),
            },
            key: None,
            misuses_key: false,
            begun,
            ended: now(),
            answer,
        });
    }

    async fn ask(&self, visit: &Visit, ask: &Ask<'_>) -> Told {
        let (composite, url) = self.door(ask.door);
        let begun = now();
        let mut asked = request(&self.client, &url, ask.request).timeout(ask.timeout);
        if let Some(key) = ask.key {
            asked = asked.header("Idempotency-Key", key);
        }
        for (name, value) in self.credentials(visit, ask.request) {
            asked = asked.header(name, value);
        }
        let (answer, order_token) = answer(asked).await;
        if let (
            Answer::Said(Said {
                order: Some(order), ..
            }),
            Some(token),
        ) = (&answer, order_token)
        {
            self.order_tokens.lock().insert(order.clone(), token);
        }
        let told = Told {
            visit: visit.name,
            composite,
            request: ask.request.clone(),
            key: ask.key.map(str::to_owned),
            misuses_key: ask.misuses_key,
            begun,
            ended: now(),
            answer,
        };
        self.told().push(told.clone());
        told
    }

    /// What an honest buyer shows.
    fn credentials(&self, visit: &Visit, request: &Request) -> Headers {
        let Some(wallet) = &self.wallet else {
            return Headers::new();
        };
        if let Shopper::Member(member) = visit.name.shopper() {
            let token = wallet.token(member);
            return vec![("Authorization", format!("Bearer {token}"))];
        }
        let tokens = self.order_tokens.lock();
        let token = request.order().and_then(|order| tokens.get(order));
        token
            .map(|token| vec![(ORDER_TOKEN, token.clone())])
            .unwrap_or_default()
    }

    /// Somebody dishonest asks for the order, too, and orders in its owner's name.
    async fn forge(&self, visit: &Visit, placed: &Request, order: Option<&str>) {
        let (Some(wallet), Some(forgery)) = (&self.wallet, visit.forgery) else {
            return;
        };
        let other_order_token = || {
            let tokens = self.order_tokens.lock();
            let other = tokens
                .iter()
                .find(|(other, _)| Some(other.as_str()) != order);
            other.map(|(_, token)| token.clone())
        };
        let owner = visit.name.shopper();
        let Some(shown) = credentials(forgery, owner, wallet, other_order_token()) else {
            return;
        };
        let payment = forged_payment(visit.name);
        let mut requests = Vec::new();
        if let Some(order) = order {
            requests.push(Request::Read {
                order: order.to_owned(),
            });
            requests.push(pay(order, &payment, visit.price));
        }
        if let (true, Request::Place { lines, coupon, .. }) = (forgery.is_for_nothing(), placed) {
            requests.push(Request::Place {
                lines: lines.clone(),
                coupon: *coupon,
                payment: Some((payment, visit.price)),
            });
        }
        for wish in requests {
            let (composite, url) = self.door(visit.door);
            let at = now();
            let mut asked = request(&self.client, &url, &wish).timeout(ANSWER_TIMEOUT);
            for (name, value) in &shown {
                asked = asked.header(*name, value);
            }
            let (answer, _) = answer(asked).await;
            self.attempts.lock().push(Attempt {
                visit: visit.name,
                composite,
                forgery,
                request: wish,
                at,
                answer,
            });
        }
    }
}

/// The order that was placed and waits for its payment.
fn pending(placed: &Said) -> Option<String> {
    let order = placed.order.clone();
    order.filter(|_| placed.status == Some(Status::Created))
}

/// The order that was placed, paid or not.
fn bought(placed: Said) -> Option<String> {
    placed.order.filter(|_| placed.status.is_some())
}

fn pay(order: &str, payment: &str, amount: i64) -> Request {
    Request::Pay {
        order: order.to_owned(),
        payment: payment.to_owned(),
        amount,
    }
}
