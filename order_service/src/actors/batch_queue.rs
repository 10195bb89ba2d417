//! What is to be stored next: one batch at a time, and what comes meanwhile gathers for the next, up to a maximum. Pure.
//!
//! Nothing waits for company: whatever is there when no batch is out makes a batch.

use std::collections::VecDeque;

/// The queue. `T` is what is to be stored.
#[derive(Debug)]
pub struct BatchQueue<T> {
    waiting: VecDeque<T>,
    is_writing: bool,
    max_batch: usize,
}

impl<T> BatchQueue<T> {
    /// An empty queue whose batches have at most `max_batch` members.
    #[must_use]
    pub fn new(max_batch: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            is_writing: false,
            max_batch,
        }
    }

    /// Takes one in, behind those that wait.
    pub fn push(&mut self, member: T) {
        self.waiting.push_back(member);
    }

    /// The batch to be written now; `None` while one is out, and when nothing waits. The batch is out until
    /// [`written`](Self::written).
    pub fn next_batch(&mut self) -> Option<Vec<T>> {
        if self.is_writing || self.waiting.is_empty() {
            return None;
        }
        self.is_writing = true;
        let size = self.waiting.len().min(self.max_batch);
        Some(self.waiting.drain(..size).collect())
    }

    /// The batch that was out has come to its end, whichever.
    pub fn written(&mut self) {
        self.is_writing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_batch_that_is_out_then_what_comes_meanwhile_is_the_next_one() {
        let mut queue = BatchQueue::new(10);
        assert_eq!(queue.next_batch(), None);
        queue.push(1);
        assert_eq!(queue.next_batch(), Some(vec![1]));
        queue.push(2);
        queue.push(3);
        assert_eq!(queue.next_batch(), None);
        queue.written();
        assert_eq!(queue.next_batch(), Some(vec![2, 3]));
        queue.written();
        assert_eq!(queue.next_batch(), None);
    }

    #[test]
    fn given_more_than_a_batch_may_have_then_the_rest_keeps_its_order() {
        let mut queue = BatchQueue::new(2);
        (1..=5).for_each(|member| queue.push(member));
        let mut batches = Vec::new();
        while let Some(batch) = queue.next_batch() {
            batches.push(batch);
            queue.written();
        }
        assert_eq!(batches, [vec![1, 2], vec![3, 4], vec![5]]);
    }
}
