//! One schedule, from its seed to its end.

use std::fmt;

use crate::action::Action;
use crate::invariants::{check_end, check_step};
use crate::sabotage::Sabotage;
use crate::tally::Tally;
use crate::violation::{Check, Invariant, Violation, violated};
use crate::world::World;

/// A healed world has come to rest by then, or never does.
const MOST_STEPS_TO_REST: usize = 20_000;
/// How much of a failed schedule is told.
const TOLD_STEPS: usize = 60;

/// A schedule in which everything held.
#[derive(Debug, Clone)]
pub struct Done {
    /// How many steps it had.
    pub steps: usize,
    /// What happened how often.
    pub tally: Tally,
}

/// A schedule in which something did not hold.
#[derive(Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// How many steps it had.
    pub steps: usize,
    /// What did not hold.
    pub violation: Violation,
    /// What had happened, in words.
    pub story: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.story.len().saturating_sub(TOLD_STEPS);
        if skipped > 0 {
            writeln!(formatter, "… {skipped} lines before")?;
        }
        for line in &self.story[skipped..] {
            writeln!(formatter, "{line}")?;
        }
        write!(
            formatter,
            "seed {} fails at step {}: {}\nSEED={} cargo test -p simulation -- --nocapture tells all of it",
            self.seed, self.steps, self.violation, self.seed
        )
    }
}

/// Runs the schedule of a seed.
///
/// # Errors
/// When something does not hold; then the story is told.
pub fn run(seed: u64, sabotage: Sabotage) -> Result<Done, Box<Failure>> {
    let mut world = World::new(seed, sabotage, false);
    match play(&mut world) {
        (steps, Ok(())) => Ok(Done {
            steps,
            tally: world.tally,
        }),
        // Once more from the same seed, so that only schedules that fail pay for their words.
        (..) => tell(seed, sabotage).1,
    }
}

/// Runs the schedule of a seed and tells all that happens.
pub fn tell(seed: u64, sabotage: Sabotage) -> (Vec<String>, Result<Done, Box<Failure>>) {
    let mut world = World::new(seed, sabotage, true);
    let (steps, outcome) = play(&mut world);
    let story = world.take_story();
    let result = match outcome {
        Ok(()) => Ok(Done {
            steps,
            tally: world.tally,
        }),
        Err(violation) => Err(Box::new(Failure {
            seed,
            steps,
            violation,
            story: story.clone(),
        })),
    };
    (story, result)
}

fn play(world: &mut World) -> (usize, Check) {
    let profile = format!("{:?}", world.profile);
    world.note(|| profile);
    let mut steps = 0;
    let outcome = do_harm(world, &mut steps).and_then(|()| come_to_rest(world, &mut steps));
    (steps, outcome)
}

fn step(world: &mut World, action: Action, steps: &mut usize) -> Check {
    *steps += 1;
    world.note(|| format!("{action:?}"));
    world.apply(action)?;
    check_step(world)
}

fn do_harm(world: &mut World, steps: &mut usize) -> Check {
    for _ in 0..world.profile.steps {
        let action = any_action(world);
        step(world, action, steps)?;
    }
    Ok(())
}

/// A fault now and then, that time passes now and then, and otherwise anything that is lawful.
fn any_action(world: &mut World) -> Action {
    let mut lawful = world.enabled();
    if world.chance.one_in(world.profile.calm)
        && let Some(fault) = world.any_fault()
    {
        return Action::Fault(fault);
    }
    if lawful.is_empty() || world.chance.one_in(8) {
        return Action::PassTime;
    }
    lawful.swap_remove(world.chance.below(lawful.len()))
}

fn come_to_rest(world: &mut World, steps: &mut usize) -> Check {
    world.heal();
    let begun = *steps;
    while *steps - begun < MOST_STEPS_TO_REST {
        let mut lawful = world.enabled();
        if !lawful.is_empty() {
            let action = lawful.swap_remove(world.chance.below(lawful.len()));
            step(world, action, steps)?;
        } else if world.unrest().is_some() {
            step(world, Action::PassTime, steps)?;
        } else {
            world.count_ends();
            return check_end(world);
        }
    }
    violated(Invariant::Rest, world.unrest().unwrap_or_default())
}
