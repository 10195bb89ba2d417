//! Stores that are away, that fail with a transition, or refuse it.

use super::desk::*;
use super::*;

mod a_store_that_is_away {
    use super::*;

    #[test]
    fn gets_the_same_batch_again_however_often_it_fails() {
        let mut desk = Desk::new(512);
        desk.store.is_away = true;
        desk.submit(1, &[1]);
        desk.submit(2, &[1]);
        desk.write(Lane::AtOnce);
        for _ in 0..3 * BATCH_TRIES {
            assert!(desk.out.is_empty(), "the next batch waits as well");
            desk.ring();
            assert_eq!(desk.batch(Lane::AtOnce), numbers([1]));
            desk.write(Lane::AtOnce);
        }
        desk.store.is_away = false;
        desk.ring();
        desk.write(Lane::AtOnce);
        assert_eq!(desk.answered(), [0]);
        assert_eq!(desk.batch(Lane::AtOnce), numbers([2]));
    }

    #[test]
    fn does_not_use_up_a_batchs_tries() {
        let mut desk = Desk::new(512);
        desk.store.troubled.insert(1);
        desk.submit(1, &[1]);
        for nth in 1..=2 * BATCH_TRIES {
            desk.store.is_away = nth % BATCH_TRIES == 0;
            desk.write(Lane::AtOnce);
            assert_eq!(desk.alarms, [Alarm::Retry(Lane::AtOnce)], "{nth}");
            desk.ring();
        }
        // From here on it answers each time.
        desk.store.is_away = false;
        for _ in 1..BATCH_TRIES {
            desk.write(Lane::AtOnce);
            assert_eq!(desk.alarms, [Alarm::Retry(Lane::AtOnce)]);
            desk.ring();
        }
        desk.write(Lane::AtOnce);
        assert_eq!(desk.alarms, [Alarm::Try(StoreRow::Order(number(1)))]);
    }
}

mod a_transition_that_the_store_fails_with {
    use super::*;

    /// Orders 2 to 4 are one batch, which has had its tries; the store fails with order 3.
    fn split() -> Desk {
        let mut desk = Desk::new(512);
        desk.store.troubled.insert(3);
        (1..=4).for_each(|order| desk.submit(order, &[1]));
        desk.write(Lane::AtOnce);
        for _ in 1..BATCH_TRIES {
            assert_eq!(desk.batch(Lane::AtOnce), numbers(2..=4));
            desk.write(Lane::AtOnce);
            desk.ring();
        }
        desk.write(Lane::AtOnce);
        desk
    }

    #[test]
    fn fails_alone_after_so_many_tries() {
        let mut desk = split();
        // Each by itself, and before what has come meanwhile.
        desk.submit(5, &[1]);
        for order in 2..=5 {
            assert_eq!(desk.batch(Lane::AtOnce), numbers([order]));
            desk.write(Lane::AtOnce);
        }
        assert_eq!(desk.answered(), [0, 1, 3, 4]);
        let row = StoreRow::Order(number(3));
        assert_eq!(desk.alarms, [Alarm::Try(row)]);
    }

    #[test]
    fn is_retried_alone_and_reported_once() {
        let mut desk = split();
        (2..=4).for_each(|_| desk.write(Lane::AtOnce));
        for _ in 0..5 {
            desk.ring();
            assert_eq!(desk.batch(Lane::Alone), numbers([3]));
            assert!(!desk.out.contains_key(&Lane::AtOnce));
            desk.write(Lane::Alone);
        }
        let is_report = |news: &&News| matches!(news, News::TransitionFails { .. });
        assert_eq!(desk.news.iter().filter(is_report).count(), 1);

        desk.store.troubled.clear();
        desk.ring();
        desk.write(Lane::Alone);
        assert_eq!(desk.answered().last(), Some(&2));
        assert!(desk.plan.is_idle());
    }

    #[test]
    fn stays_alone_when_its_item_is_held() {
        let mut desk = split();
        (2..=4).for_each(|_| desk.write(Lane::AtOnce));
        desk.store.troubled.clear();
        desk.store.held.insert(ROW);
        desk.ring();
        desk.write(Lane::Alone);
        assert_eq!(desk.alarms, [Alarm::Try(StoreRow::Order(number(3)))]);
        assert!(desk.out.is_empty());
    }
}

mod a_transition_that_the_store_refuses {
    use super::*;

    #[test]
    fn is_answered_and_its_neighbours_are_stored() {
        let mut desk = Desk::new(512);
        desk.store.refused.insert(3);
        (1..=4).for_each(|order| desk.submit(order, &[1]));
        // The first by itself, the batch, and each of it.
        (0..5).for_each(|_| desk.write(Lane::AtOnce));
        let refused = Err(StoreError::Refused("by the test".to_owned()));
        assert_eq!(
            desk.answers,
            [(0, Ok(())), (1, Ok(())), (2, refused), (3, Ok(()))]
        );
        assert!(desk.alarms.is_empty());
    }
}
