//! Shoppers on threads, in a closed or an open loop. Each thread has its own shoppers and its own tally, which it hands in every second,
//! so that threads never wait for each other.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::recorder::{Failure, Tally};
use super::scenario::{Assortment, Scenario, Wishes};
use super::shopper::Shopper;

/// How long after the end requests that wait for a free shopper are still sent.
const DRAIN: Duration = Duration::from_secs(5);

/// How the shoppers come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Closed loop: each shopper sends the next request when the last one is answered. A slow mall then gets fewer requests, so its stalls
    /// weigh less than they should.
    Answered,
    /// Open loop: so many requests a second begin, whether earlier ones are answered or not. Latencies count from when a request should
    /// have begun, so that waiting for a free shopper counts, too (no coordinated omission).
    PerSecond(f64),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Load {
    /// `host:port` of each composite; shoppers go to them in turn.
    pub hosts: Vec<String>,
    /// What the shoppers want.
    pub scenario: Scenario,
    /// What there is.
    pub assortment: Assortment,
    /// How many shoppers, each on a connection.
    pub shoppers: usize,
    /// How they come.
    pub pace: Pace,
    /// How long, all in all.
    pub duration: Duration,
    /// Threads that work for the shoppers.
    pub threads: usize,
    /// Makes the same wishes come again.
    pub seed: u64,
    /// The bearer tokens of members; shoppers have them in turn. Without any, they come as guests.
    pub tokens: Vec<String>,
}

/// What was seen in one second.
#[derive(Debug)]
pub struct Second {
    /// Which, from 0.
    pub index: u64,
    /// What was seen.
    pub tally: Tally,
}

/// A thread's part of the second of that index.
struct Part {
    index: u64,
    tally: Tally,
}

impl Load {
    /// How the shoppers come, for people to read.
    #[must_use]
    pub fn pace_in_words(&self) -> String {
        let shoppers = self.shoppers;
        match self.pace {
            Pace::Answered => format!("{shoppers} shoppers, each asks again when answered"),
            Pace::PerSecond(rate) => format!("{rate} a second by {shoppers} shoppers"),
        }
    }

    /// Runs it; `tell` hears each second when it is over.
    ///
    /// # Errors
    /// When a thread or a runtime can't be made.
    pub fn run(&self, mut tell: impl FnMut(Second)) -> Result<()> {
        let (parts_tx, parts_rx) = channel();
        let mut workers = Vec::new();
        for nth in 0..self.threads {
            let (load, parts_tx) = (self.clone(), parts_tx.clone());
            let worker = thread::Builder::new()
                .name(format!("load-{nth}"))
                .spawn(move || load.run_thread(nth, &parts_tx));
            workers.push(worker.context("cannot start a thread")?);
        }
        drop(parts_tx);
        self.gather(&parts_rx, &mut tell);
        for worker in workers {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a load thread has panicked"))??;
        }
        Ok(())
    }

    /// A second is complete when all threads have handed it in.
    fn gather(&self, parts_rx: &Receiver<Part>, tell: &mut impl FnMut(Second)) {
        let mut open: VecDeque<(Second, usize)> = VecDeque::new();
        let mut told = 0;
        for part in parts_rx {
            while told + open.len() as u64 <= part.index {
                let index = told + open.len() as u64;
                let second = Second {
                    index,
                    tally: Tally::default(),
                };
                open.push_back((second, 0));
            }
            let place = usize::try_from(part.index - told).unwrap_or(usize::MAX);
            if let Some((second, parts)) = open.get_mut(place) {
                second.tally.add(&part.tally);
                *parts += 1;
            }
            while open
                .front()
                .is_some_and(|(_, parts)| *parts == self.threads)
            {
                if let Some((second, _)) = open.pop_front() {
                    told += 1;
                    tell(second);
                }
            }
        }
        // Threads end at different times, so the last seconds may lack a thread's part.
        open.into_iter().for_each(|(second, _)| tell(second));
    }

    fn run_thread(&self, nth: usize, parts_tx: &Sender<Part>) -> Result<()> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        let work = self.shop(nth, parts_tx);
        runtime.block_on(LocalSet::new().run_until(work));
        Ok(())
    }

    /// This thread's shoppers, until the time is over and the last of them is answered.
    async fn shop(&self, nth: usize, parts_tx: &Sender<Part>) {
        let tally = Rc::new(RefCell::new(Tally::default()));
        let begin = Instant::now();
        let end = begin + self.duration;
        let books = spawn_local(keep_books(Rc::clone(&tally), parts_tx.clone(), end));
        let queue = Rc::new(Queue::default());
        let shoppers: Vec<_> = (nth..self.shoppers)
            .step_by(self.threads)
            .map(|id| self.shopper(id, &tally))
            .collect();
        let shopping: Vec<_> = shoppers
            .into_iter()
            .map(|shopper| match self.pace {
                Pace::Answered => spawn_local(again_and_again(shopper, end)),
                Pace::PerSecond(_) => spawn_local(one_after_another(shopper, Rc::clone(&queue))),
            })
            .collect();
        if let Pace::PerSecond(rate) = self.pace {
            #[expect(clippy::cast_precision_loss, reason = "there are few threads")]
            let every = Duration::from_secs_f64(self.threads as f64 / rate);
            queue.fill(begin, end, every).await;
        }
        for shopper in shopping {
            // The only error is a panic, which the panic hook has printed.
            let _ = shopper.await;
        }
        // Requests that no shopper was free for until the drain was over are failures: leaving them out would hide the overload.
        for _ in queue.waiting.borrow().iter() {
            tally.borrow_mut().failed(Failure::NotSent);
        }
        let _ = books.await;
    }

    fn shopper(&self, id: usize, tally: &Rc<RefCell<Tally>>) -> Shopper {
        let host = self.hosts[id % self.hosts.len()].clone();
        let name = format!("{:x}-{id}", self.seed);
        let seed = self.seed.wrapping_add(id as u64);
        let wishes = Wishes::new(self.scenario, self.assortment.clone(), seed, name);
        let token = self.tokens.get(id % self.tokens.len().max(1)).cloned();
        Shopper::new(host, token, wishes, Rc::clone(tally))
    }
}

async fn again_and_again(mut shopper: Shopper, end: Instant) {
    while Instant::now() < end {
        shopper.ask(Instant::now()).await;
    }
}

async fn one_after_another(mut shopper: Shopper, queue: Rc<Queue>) {
    while let Some(begin) = queue.next().await {
        shopper.ask(begin).await;
    }
}

/// When requests should have begun that nobody has been free for.
#[derive(Default)]
struct Queue {
    waiting: RefCell<VecDeque<Instant>>,
    has_more: Notify,
    /// No more will come, and what is left then will not be sent.
    closes_at: Cell<Option<Instant>>,
}

impl Queue {
    /// Lets requests begin at equal distances. The clock may be late, the times are not.
    async fn fill(&self, begin: Instant, end: Instant, every: Duration) {
        let mut next = begin;
        while next < end {
            sleep_until(next).await;
            // The timer may fire late; then all requests that are due by now begin at once, each with its own due time.
            let now = Instant::now();
            while next <= now && next < end {
                self.waiting.borrow_mut().push_back(next);
                self.has_more.notify_one();
                next += every;
            }
        }
        self.closes_at.set(Some(end + DRAIN));
        self.has_more.notify_waiters();
    }

    async fn next(&self) -> Option<Instant> {
        loop {
            let has_more = self.has_more.notified();
            let closes_at = self.closes_at.get();
            if closes_at.is_some_and(|at| at <= Instant::now()) {
                return None;
            }
            let first = self.waiting.borrow_mut().pop_front();
            if first.is_some() || closes_at.is_some() {
                return first;
            }
            has_more.await;
        }
    }
}

/// Hands in the tally every second; the last time when no shopper can add to it any more.
async fn keep_books(tally: Rc<RefCell<Tally>>, parts_tx: Sender<Part>, end: Instant) {
    let second = Duration::from_secs(1);
    let mut ticks = interval(second);
    // Each tick is a second of the series, also one that comes late.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks.tick().await;
    let mut index = 0;
    loop {
        ticks.tick().await;
        let part = Part {
            index,
            tally: tally.take(),
        };
        // An error means that the receiver is gone, so nobody needs the part.
        let _ = parts_tx.send(part);
        index += 1;
        // Two are left: this one and that of `shop`. So every shopper has had its last answer.
        if Rc::strong_count(&tally) == 2 && Instant::now() >= end {
            return;
        }
    }
}
