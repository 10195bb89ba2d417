//! Rows that somebody else holds.

use super::desk::*;
use super::*;

mod an_item_that_is_held {
    use super::*;

    /// Order 1 is parked behind the row.
    fn stuck() -> Desk {
        let mut desk = Desk::new(512);
        desk.store.held.insert(ROW);
        desk.submit(1, &[1]);
        desk.write(Lane::AtOnce);
        desk.write(Lane::InTurn);
        // The wait for the row timed out. Asked again without waiting, the store names the row.
        desk.write(Lane::InTurn);
        assert_eq!(desk.alarms, [Alarm::Try(ROW)]);
        desk
    }

    #[test]
    fn is_waited_for_in_turn_while_others_go_on() {
        let mut desk = Desk::new(512);
        desk.store.held.insert(ROW);
        desk.submit(1, &[1]);
        desk.write(Lane::AtOnce);
        assert_eq!(desk.batch(Lane::InTurn), numbers([1]));
        desk.submit(2, &[2]);
        desk.write(Lane::AtOnce);
        assert_eq!(desk.answered(), [1]);

        desk.store.held.clear();
        desk.write(Lane::InTurn);
        assert_eq!(desk.answered(), [1, 0]);
        assert!(desk.alarms.is_empty());
    }

    #[test]
    fn parks_what_has_waited_in_vain() {
        let mut desk = stuck();
        assert_eq!(desk.news, [News::RowStuck(ROW)]);
        assert!(desk.out.is_empty());
        desk.ring();
        assert_eq!(desk.batch(Lane::AtOnce), numbers([1]));
        desk.write(Lane::AtOnce);
        assert_eq!(desk.alarms, [Alarm::Try(ROW)], "it tries again");
    }

    #[test]
    fn parks_further_transitions_without_a_wait() {
        let mut desk = stuck();
        desk.submit(2, &[1]);
        desk.write(Lane::AtOnce);
        assert!(desk.out.is_empty());
        assert_eq!(desk.alarms.len(), 1, "one tries for all");
    }

    #[test]
    fn releases_all_when_one_gets_through() {
        let mut desk = stuck();
        for order in 2..=4 {
            desk.submit(order, &[1]);
            desk.write(Lane::AtOnce);
        }
        desk.store.held.clear();
        desk.ring();
        desk.write(Lane::AtOnce);
        assert_eq!(desk.answered(), [0]);
        assert_eq!(desk.batch(Lane::AtOnce), numbers(2..=4));
        let released = News::RowReleased {
            row: ROW,
            released: 3,
        };
        assert_eq!(desk.news.last(), Some(&released));
    }

    #[test]
    fn releases_all_when_the_one_that_tries_needs_another_row() {
        let mut desk = Desk::new(512);
        desk.store.held.insert(ROW);
        desk.submit(1, &[1, 2]);
        desk.write(Lane::AtOnce);
        desk.write(Lane::InTurn);
        desk.write(Lane::InTurn);
        desk.submit(2, &[1]);
        desk.write(Lane::AtOnce);

        desk.store.held = BTreeSet::from([StoreRow::Item(2)]);
        desk.ring();
        desk.write(Lane::AtOnce);

        assert_eq!(desk.batch(Lane::AtOnce), numbers([2]));
        assert_eq!(desk.batch(Lane::InTurn), numbers([1]));
    }

    #[test]
    fn releases_all_when_the_one_that_tries_is_refused() {
        let mut desk = stuck();
        desk.submit(2, &[1]);
        desk.write(Lane::AtOnce);
        desk.store.refused.insert(1);
        desk.ring();
        desk.write(Lane::AtOnce);
        assert_eq!(desk.batch(Lane::AtOnce), numbers([2]));
    }

    #[test]
    fn releases_all_when_the_store_fails_with_the_one_that_tries() {
        let mut desk = stuck();
        desk.submit(2, &[1]);
        desk.write(Lane::AtOnce);
        desk.store.troubled.insert(1);
        desk.ring();
        for _ in 1..BATCH_TRIES {
            desk.write(Lane::AtOnce);
            desk.ring();
        }
        desk.write(Lane::AtOnce);
        assert_eq!(desk.batch(Lane::AtOnce), numbers([2]));
        assert_eq!(desk.alarms, [Alarm::Try(StoreRow::Order(number(1)))]);
    }
}

mod an_order_that_is_held {
    use super::*;

    #[test]
    fn is_never_waited_for_in_turn() {
        let mut desk = Desk::new(512);
        let row = StoreRow::Order(number(1));
        desk.store.held.insert(row.clone());
        desk.submit(1, &[1]);
        desk.write(Lane::AtOnce);
        assert!(desk.out.is_empty());
        assert_eq!(desk.alarms, [Alarm::Try(row)]);

        desk.store.held.clear();
        desk.ring();
        desk.write(Lane::AtOnce);
        assert_eq!(desk.answered(), [0]);
    }
}

mod a_row_that_is_not_known {
    use super::*;

    #[test]
    fn is_taken_for_the_transitions_own() {
        let mut desk = Desk::new(512);
        desk.submit(1, &[1]);
        let (transitions, _) = desk.out.remove(&Lane::AtOnce).unwrap();
        let written = Written {
            fates: vec![Fate::Failing(StoreError::Held("some row".to_owned()))],
            transitions,
            store_answers: true,
        };
        desk.plan.written(Lane::AtOnce, written);
        desk.follow_plan();
        assert_eq!(desk.alarms, [Alarm::Try(StoreRow::Order(number(1)))]);
    }
}
