//! What members have pending, where that is limited. `locks` has locked the members' rows, so nobody else opens orders of theirs meanwhile;
//! orders that end meanwhile only make room.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text, Unsigned};
use shared::member_id::MemberId;

use super::locks::list;
use super::rows::CREATED;
use super::schema::{buyers, unpaid_orders};
use crate::domain::order::Order;
use crate::domain::pending_limits::{Held, pending_of};

/// A listed order, with its state.
#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    member_id: String,
    #[diesel(sql_type = Text)]
    order_num: String,
    #[diesel(sql_type = Unsigned<BigInt>)]
    pieces: u64,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pay_by: Option<NaiveDateTime>,
}

#[derive(Insertable)]
#[diesel(table_name = unpaid_orders, check_for_backend(diesel::mysql::Mysql))]
struct NewRow<'a> {
    member_id: &'a str,
    order_num: &'a str,
    pieces: u64,
}

/// Gives each member a row to lock. Outside of a batch's transaction: an insert inside of it would wait for a row in another order than the
/// locks do.
pub(super) fn introduce(
    connection: &mut MysqlConnection,
    members: &BTreeSet<&MemberId>,
) -> QueryResult<()> {
    let known: BTreeSet<String> = buyers::table
        .filter(buyers::member_id.eq_any(members.iter().map(|member| member.as_str())))
        .select(buyers::member_id)
        .load(connection)?
        .into_iter()
        .collect();
    let new: Vec<_> = members
        .iter()
        .filter(|member| !known.contains(member.as_str()))
        .map(|member| buyers::member_id.eq(member.as_str()))
        .collect();
    if !new.is_empty() {
        diesel::insert_or_ignore_into(buyers::table)
            .values(new)
            .execute(connection)?;
    }
    Ok(())
}

/// What the list of unpaid orders says.
#[derive(Default)]
pub(super) struct Pending {
    /// What the pending ones of each member hold.
    pub(super) held: HashMap<MemberId, Held>,
    /// Those that are no longer pending.
    ended: Vec<String>,
}

/// What the pending orders of these members hold. Forgets those that are no longer pending.
pub(super) fn held(
    connection: &mut MysqlConnection,
    members: &BTreeSet<&MemberId>,
) -> QueryResult<HashMap<MemberId, Held>> {
    let Pending { held, ended } = pending(connection, members)?;
    forget(connection, members, &ended)?;
    Ok(held)
}

/// What is listed of these members.
pub(super) fn pending(
    connection: &mut MysqlConnection,
    members: &BTreeSet<&MemberId>,
) -> QueryResult<Pending> {
    // Members consist of characters that mean nothing in SQL, so nothing can be injected.
    let names: Vec<&MemberId> = members.iter().copied().collect();
    let listed: Vec<Listed> = sql_query(format!(
        "SELECT listed.member_id, listed.order_num, listed.pieces, orders.status, orders.pay_by \
         FROM unpaid_orders AS listed LEFT JOIN orders ON orders.order_num = listed.order_num \
         WHERE listed.member_id IN ({})",
        list(&names, "'")
    ))
    .load(connection)?;
    let mut pending = Pending::default();
    for row in listed {
        let member = row.member_id.parse();
        let pay_by = row
            .pay_by
            .filter(|_| row.status.as_deref() == Some(CREATED));
        match (member, pay_by) {
            (Ok(member), Some(pay_by)) => {
                let held: &mut Held = pending.held.entry(member).or_default();
                held.add(row.pieces, pay_by.and_utc());
            }
            _ => pending.ended.push(row.order_num),
        }
    }
    Ok(pending)
}

fn forget(
    connection: &mut MysqlConnection,
    members: &BTreeSet<&MemberId>,
    ended: &[String],
) -> QueryResult<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let of_members = unpaid_orders::member_id.eq_any(members.iter().map(|member| member.as_str()));
    diesel::delete(unpaid_orders::table)
        .filter(of_members)
        .filter(unpaid_orders::order_num.eq_any(ended))
        .execute(connection)
        .map(drop)
}

/// Lists those of the new orders that are pending.
pub(super) fn record(connection: &mut MysqlConnection, opened: &[&Order]) -> QueryResult<()> {
    let rows: Vec<NewRow<'_>> = opened
        .iter()
        .filter_map(|order| {
            let (member, pieces) = pending_of(order)?;
            Some(NewRow {
                member_id: member.as_str(),
                order_num: order.number.as_str(),
                pieces,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    diesel::insert_into(unpaid_orders::table)
        .values(&rows)
        .execute(connection)
        .map(drop)
}
