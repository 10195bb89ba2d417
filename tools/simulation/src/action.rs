//! All that can happen next in a world while nothing goes wrong.

use order_service::actors::write_plan::step::Lane;
use shared::order_number::OrderNumber;

use crate::fault::Fault;
use crate::owner::Mood;
use crate::violation::Check;
use crate::world::World;

/// One thing that can happen.
#[derive(Debug, Clone)]
pub enum Action {
    /// Time passes, and nothing else.
    PassTime,
    /// A shopper sends his request.
    Place(usize),
    /// A shopper pays what he has placed before.
    Pay(usize),
    /// A shopper cancels what he has placed before.
    Cancel(usize),
    /// The broker takes a composite's next command.
    Publish(usize),
    /// A composite reads the next reply of a partition.
    Deliver(usize, i32),
    /// A composite looks at which partitions the group has given it.
    Follow(usize),
    /// The group gives a reply partition to a composite.
    GiveHome(i32, usize),
    /// A purchase has waited as long as it wanted.
    Wake(usize, u64),
    /// A shopper has waited long enough.
    Deadline(usize, u64),
    /// A reviewer asks what is due.
    Look(usize),
    /// A reviewer asks the gateway about one of those.
    LookUp(usize, usize),
    /// A reviewer does what is to be done about it.
    Remedy(usize, usize),
    /// The gateway does what it is asked.
    Serve(usize),
    /// Its answer arrives.
    Answer(usize),
    /// An owner reads the next record of a partition.
    Fetch(usize, i32),
    /// An owner's registry reads its next message.
    ReadMail(usize),
    /// An order's actor reads its next message.
    Act(usize, OrderNumber),
    /// The store gives an actor its order.
    Load(usize, OrderNumber),
    /// The store takes the batch of an owner's lane.
    Write(usize, Lane),
    /// An owner's write plan is told what became of it.
    TellFates(usize, Lane),
    /// An alarm of an owner's write plan rings.
    Ring(usize, usize),
    /// The broker takes a reply.
    SendReply(usize, usize),
    /// It says so.
    Acknowledge(usize, usize),
    /// An owner commits offsets, and lets go of partitions that leave.
    Settle(usize),
    /// The group gives a partition that nobody has to an owner.
    Assign(i32, usize),
    /// A stopped process goes on, and learns what it has missed.
    Awake(usize),
    /// A process is started again.
    Restart(usize),
    /// Something goes wrong.
    Fault(Fault),
}

impl World {
    /// All that can happen next without anything going wrong, save that time passes.
    pub(crate) fn enabled(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.is_healed {
            self.shoppers_may(&mut actions);
        }
        self.composites_may(&mut actions);
        self.homes_may(&mut actions);
        for (index, call) in self.calls.iter().enumerate() {
            actions.push(if call.answer.is_some() {
                Action::Answer(index)
            } else {
                Action::Serve(index)
            });
        }
        for owner in 0..self.owners.len() {
            self.owner_may(owner, &mut actions);
        }
        for (partition, place) in self.partitions.iter() {
            let is_free = place.owner.is_none();
            let takers = self
                .owners
                .iter()
                .enumerate()
                .filter(|(_, owner)| is_free && owner.can_take(partition));
            actions.extend(takers.map(|(owner, _)| Action::Assign(partition, owner)));
        }
        actions
    }

    fn shoppers_may(&self, actions: &mut Vec<Action>) {
        for (index, shopper) in self.shoppers.iter().enumerate() {
            if shopper.places_left > 0 {
                actions.push(Action::Place(index));
            }
            if shopper.pays_left > 0 && self.known_order(index).is_some() {
                actions.push(Action::Pay(index));
            }
            if shopper.cancels_left > 0 && self.own_order(index).is_some() {
                actions.push(Action::Cancel(index));
            }
        }
    }

    fn composites_may(&self, actions: &mut Vec<Action>) {
        for (index, composite) in self.composites.iter().enumerate() {
            if !composite.producer.is_empty() {
                actions.push(Action::Publish(index));
            }
            let unread = composite.intake.unread(&self.reply_topic);
            actions.extend(unread.map(|(partition, _)| Action::Deliver(index, partition)));
            if composite.intake.has_changed {
                actions.push(Action::Follow(index));
            }
            for (id, run) in &composite.purchases {
                if run.wake_at.is_some_and(|at| at <= self.now) {
                    actions.push(Action::Wake(index, *id));
                }
                if run.deadline.is_some_and(|at| at <= self.now) {
                    actions.push(Action::Deadline(index, *id));
                }
            }
            for (nth, review) in composite.reviews.iter().enumerate() {
                actions.push(match review.standing {
                    None => Action::LookUp(index, nth),
                    Some(_) => Action::Remedy(index, nth),
                });
            }
            if composite.reviews.is_empty()
                && composite.next_look <= self.now
                && self.next_due().is_some_and(|due| due <= self.now)
            {
                actions.push(Action::Look(index));
            }
        }
    }

    /// The group may give a partition away that nobody has, or let a composite that has several share with one that has none.
    fn homes_may(&self, actions: &mut Vec<Action>) {
        let all = || 0..self.composites.len();
        let owned: Vec<_> = all()
            .map(|composite| self.reply_topic.owned_by(composite))
            .collect();
        for partition in self.reply_topic.free() {
            actions.extend(all().map(|taker| Action::GiveHome(partition, taker)));
        }
        let poor = all().filter(|composite| owned[*composite].is_empty());
        let spare = || owned.iter().filter(|owned| owned.len() > 1).flatten();
        for taker in poor {
            actions.extend(spare().map(|partition| Action::GiveHome(*partition, taker)));
        }
    }

    fn owner_may(&self, index: usize, actions: &mut Vec<Action>) {
        let owner = &self.owners[index];
        if !owner.is_up {
            actions.push(Action::Restart(index));
            return;
        }
        if owner.is_zombie {
            actions.push(Action::Awake(index));
        }
        for (partition, next) in &owner.assigned {
            let is_readable = *next < self.partitions.get(*partition).end()
                && owner.permits_taken < self.profile.max_in_flight;
            if is_readable && !owner.leaving.contains_key(partition) {
                actions.push(Action::Fetch(index, *partition));
            }
        }
        if owner.has_mail() {
            actions.push(Action::ReadMail(index));
        }
        actions.extend(
            owner
                .ready()
                .map(|number| Action::Act(index, number.clone())),
        );
        actions.extend(
            owner
                .loading()
                .map(|number| Action::Load(index, number.clone())),
        );
        actions.extend(owner.writing().map(|lane| Action::Write(index, lane)));
        actions.extend(owner.written().map(|lane| Action::TellFates(index, lane)));
        actions.extend(
            owner
                .due_alarms(self.now)
                .map(|nth| Action::Ring(index, nth)),
        );
        actions.extend(
            owner
                .sendable()
                .into_iter()
                .map(|nth| Action::SendReply(index, nth)),
        );
        actions.extend(
            owner
                .acknowledgeable()
                .map(|nth| Action::Acknowledge(index, nth)),
        );
        if owner.is_dirty {
            actions.push(Action::Settle(index));
        }
    }

    /// Makes it happen.
    ///
    /// # Errors
    /// When something happens with it that must not.
    pub fn apply(&mut self, action: Action) -> Check {
        match action {
            Action::PassTime => {
                self.pass_time();
                self.tick()
            }
            Action::Place(shopper) => self.place(shopper),
            Action::Pay(shopper) => self.pay(shopper),
            Action::Cancel(shopper) => self.cancel(shopper),
            Action::Publish(composite) => {
                self.publish(composite, false);
                Ok(())
            }
            Action::Deliver(composite, partition) => self.deliver(composite, partition),
            Action::Follow(composite) => {
                let process = &mut self.composites[composite];
                process
                    .intake
                    .follow(composite, &self.reply_topic, self.now);
                Ok(())
            }
            Action::GiveHome(partition, composite) => {
                self.give_home(partition, composite);
                Ok(())
            }
            Action::Wake(composite, id) => self.wake(composite, id),
            Action::Deadline(composite, id) => self.pass_deadline(composite, id),
            Action::Look(composite) => {
                self.look(composite);
                Ok(())
            }
            Action::LookUp(composite, nth) => {
                self.look_up(composite, nth, false);
                Ok(())
            }
            Action::Remedy(composite, nth) => self.remedy(composite, nth),
            Action::Serve(call) => self.serve(call),
            Action::Answer(call) => {
                let call = self.calls.remove(call);
                match call.answer.clone() {
                    Some(answer) => self.answered(&call, answer),
                    None => Ok(()),
                }
            }
            Action::Fetch(owner, partition) => self.fetch(owner, partition),
            Action::ReadMail(owner) => {
                let now = self.now;
                self.owners[owner].read_mail(now)
            }
            Action::Act(owner, number) => self.act(owner, &number),
            Action::Load(owner, number) => self.load(owner, &number, false),
            Action::Write(owner, lane) => self.write(owner, lane, Mood::Well),
            Action::TellFates(owner, lane) => self.tell_fates(owner, lane),
            Action::Ring(owner, nth) => self.ring(owner, nth),
            Action::SendReply(owner, nth) => {
                self.send_reply(owner, nth);
                Ok(())
            }
            Action::Acknowledge(owner, nth) => {
                self.acknowledge(owner, nth);
                Ok(())
            }
            Action::Settle(owner) => self.settle(owner, false),
            Action::Assign(partition, owner) => {
                self.assign(partition, owner);
                Ok(())
            }
            Action::Awake(owner) => {
                self.awake(owner);
                Ok(())
            }
            Action::Restart(owner) => {
                self.owners[owner].is_up = true;
                Ok(())
            }
            Action::Fault(fault) => self.go_wrong(fault),
        }
    }
}
