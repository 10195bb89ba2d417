//! The plan, with the test in the place of the journal and a model in the place of the store.

use super::*;

pub(super) const ROW: StoreRow = StoreRow::Item(1);

/// Which transition waits, counted from 0.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(usize);

impl Asker for Ticket {
    fn set_aside(&self, _: SetAside) {}
}

/// A store whose rows somebody holds, that fails with some orders, or that is away.
pub(super) struct StoreModel {
    pub(super) held: BTreeSet<StoreRow>,
    /// Orders that every batch fails with.
    pub(super) troubled: BTreeSet<u32>,
    /// Orders that the store refuses for good.
    pub(super) refused: BTreeSet<u32>,
    pub(super) is_away: bool,
    /// What everything is stored as: the plan doesn't look at it.
    order: Arc<Order>,
}

impl StoreModel {
    pub(super) fn write(&self, transitions: Vec<Transition>, on_held_row: OnHeldRow) -> Written {
        let fates = match self.failure(&transitions, on_held_row) {
            Some(error) => vec![Fate::Failing(error); transitions.len()],
            None => transitions.iter().map(|one| self.fate(one)).collect(),
        };
        Written {
            transitions,
            fates,
            store_answers: !self.is_away,
        }
    }

    pub(super) fn failure(
        &self,
        batch: &[Transition],
        on_held_row: OnHeldRow,
    ) -> Option<StoreError> {
        let has = |orders: &BTreeSet<u32>| orders.iter().any(|nth| is_of(batch, *nth));
        if self.is_away || has(&self.troubled) {
            return Some(StoreError::Unavailable("by the test".to_owned()));
        }
        if has(&self.refused) {
            return Some(StoreError::Refused("by the test".to_owned()));
        }
        let is_held = batch.iter().any(|one| self.held_row(one).is_some());
        let waits = on_held_row == OnHeldRow::Wait;
        (waits && is_held).then(|| StoreError::Held("by the test".to_owned()))
    }

    pub(super) fn fate(&self, transition: &Transition) -> Fate {
        match self.held_row(transition) {
            Some(row) => Fate::Held(row),
            None => Fate::Stored(Arc::clone(&self.order)),
        }
    }

    pub(super) fn held_row(&self, transition: &Transition) -> Option<StoreRow> {
        let items = Needs::of([transition])
            .items
            .into_iter()
            .map(StoreRow::Item);
        let own = StoreRow::Order(transition.number().clone());
        items.chain([own]).find(|row| self.held.contains(row))
    }
}

pub(super) fn is_of(batch: &[Transition], order: u32) -> bool {
    batch.iter().any(|one| *one.number() == number(order))
}

/// The plan, with the test in the place of the journal.
pub(super) struct Desk {
    pub(super) plan: WritePlan<Ticket>,
    pub(super) store: StoreModel,
    pub(super) submitted: usize,
    /// The batches that are with the store.
    pub(super) out: BTreeMap<Lane, (Vec<Transition>, OnHeldRow)>,
    pub(super) alarms: Vec<Alarm>,
    pub(super) answers: Vec<(usize, Result<(), StoreError>)>,
    pub(super) news: Vec<News>,
}

impl Desk {
    pub(super) fn new(max_batch: usize) -> Self {
        let mut shelf = Shelf::new([item(1, "100", 10)], []);
        let order = Arc::new(shelf.settle(&Transition::Open(draft(1, &[(1, 1)]))));
        Self {
            plan: WritePlan::new(max_batch, 7),
            store: StoreModel {
                held: BTreeSet::new(),
                troubled: BTreeSet::new(),
                refused: BTreeSet::new(),
                is_away: false,
                order,
            },
            submitted: 0,
            out: BTreeMap::new(),
            alarms: Vec::new(),
            answers: Vec::new(),
            news: Vec::new(),
        }
    }

    /// A transition of an order that needs these items.
    pub(super) fn submit(&mut self, order: u32, items: &[ItemId]) {
        let lines: Vec<_> = items.iter().map(|item| (*item, 1)).collect();
        let transition = Transition::Open(draft(order, &lines));
        self.plan.submit(transition, Ticket(self.submitted));
        self.submitted += 1;
        self.follow_plan();
    }

    pub(super) fn follow_plan(&mut self) {
        while let Some(step) = self.plan.next_step() {
            match step {
                Step::Write {
                    lane,
                    transitions,
                    on_held_row,
                    ..
                } => {
                    assert!(!transitions.is_empty(), "{lane:?}");
                    let before = self.out.insert(lane, (transitions, on_held_row));
                    assert!(before.is_none(), "{lane:?} has two batches out");
                    self.check_that_no_order_is_out_twice();
                }
                Step::Wake { alarm, after } => {
                    assert!(after > Duration::ZERO, "{alarm:?}");
                    assert!(!self.alarms.contains(&alarm), "{alarm:?} is set twice");
                    self.alarms.push(alarm);
                }
                Step::Answer { asker, outcome } => {
                    let told = self.answers.iter().any(|(ticket, _)| *ticket == asker.0);
                    assert!(!told, "{asker:?} is answered twice");
                    self.answers.push((asker.0, outcome.map(drop)));
                }
                Step::Report(news) => self.news.push(news),
            }
        }
    }

    pub(super) fn check_that_no_order_is_out_twice(&self) {
        let out = self.out.values().flat_map(|(batch, _)| batch);
        let numbers: Vec<_> = out.map(|one| one.number().clone()).collect();
        let different: BTreeSet<_> = numbers.iter().collect();
        assert_eq!(different.len(), numbers.len(), "{numbers:?}");
    }

    /// The store answers for the batch of a lane.
    pub(super) fn write(&mut self, lane: Lane) {
        let (transitions, on_held_row) = self.out.remove(&lane).unwrap();
        let written = self.store.write(transitions, on_held_row);
        self.plan.written(lane, written);
        self.follow_plan();
    }

    /// The longest set alarm is due.
    pub(super) fn ring(&mut self) {
        self.ring_nth(0);
    }

    pub(super) fn ring_nth(&mut self, nth: usize) {
        let alarm = self.alarms.remove(nth);
        self.plan.wake(alarm);
        self.follow_plan();
    }

    /// The orders of the batch that a lane has with the store.
    pub(super) fn batch(&self, lane: Lane) -> Vec<String> {
        let batch = self.out.get(&lane);
        batch
            .into_iter()
            .flat_map(|(batch, _)| batch)
            .map(|one| one.number().to_string())
            .collect()
    }

    pub(super) fn answered(&self) -> Vec<usize> {
        self.answers.iter().map(|(ticket, _)| *ticket).collect()
    }

    /// Nothing is in the way any more, and everything that can happen does.
    pub(super) fn come_to_rest(&mut self) {
        self.store.held.clear();
        self.store.troubled.clear();
        self.store.is_away = false;
        for _ in 0..10_000 {
            if let Some(lane) = self.out.keys().next().copied() {
                self.write(lane);
            } else if self.alarms.is_empty() {
                break;
            } else {
                self.ring();
            }
        }
        assert!(self.plan.is_idle());
        let mut answered = self.answered();
        answered.sort_unstable();
        assert!(answered.into_iter().eq(0..self.submitted));
    }
}

pub(super) fn numbers(orders: impl IntoIterator<Item = u32>) -> Vec<String> {
    orders
        .into_iter()
        .map(|order| number(order).to_string())
        .collect()
}
