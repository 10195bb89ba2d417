//! The catalogue on MySQL.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;

use super::pool::{Pool, session};
use super::rows::{CouponRow, ItemRow, ProductRow};
use super::schema::{coupons, items, products};
use crate::domain::catalogue::{Item, Product, ProductId};
use crate::domain::coupon::Coupon;
use crate::domain::order::ItemId;
use crate::ports::catalogue::{Assortment, Catalogue, NamedCoupon};
use crate::ports::order_store::StoreError;

/// Products and items in MySQL or MariaDB.
pub struct MysqlCatalogue {
    pool: Pool,
}

impl MysqlCatalogue {
    /// A catalogue over this pool.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

impl Catalogue for MysqlCatalogue {
    fn products(&self, after: Option<ProductId>, limit: u32) -> Result<Vec<Product>, StoreError> {
        let rows = session(&self.pool)?.run(|connection| {
            let page: Vec<ProductRow> = products::table
                .filter(products::product_id.gt(after.unwrap_or(i64::MIN)))
                .order(products::product_id)
                .limit(limit.into())
                .select(ProductRow::as_select())
                .load(connection)?;
            with_items(connection, page)
        })?;
        assembled(rows.0, rows.1)
    }

    fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        let rows: Vec<(ProductRow, Option<ItemRow>)> = session(&self.pool)?.run(|connection| {
            products::table
                .left_join(items::table)
                .filter(products::product_id.eq(id))
                .order(items::item_id)
                .select((ProductRow::as_select(), Option::<ItemRow>::as_select()))
                .load(connection)
        })?;
        let (products, items): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let product = products.into_iter().next().into_iter().collect();
        Ok(assembled(product, items.into_iter().flatten().collect())?.pop())
    }

    fn recommended(
        &self,
        bought: &BTreeSet<ItemId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        let rows = session(&self.pool)?.run(|connection| {
            let in_stock = items::table
                .filter(items::product_id.eq(products::product_id))
                .filter(items::stock.gt(0));
            let of_bought: Vec<i64> = items::table
                .filter(items::item_id.eq_any(bought))
                .select(items::product_id)
                .load(connection)?;
            let mut page: Vec<ProductRow> = products::table
                .filter(exists(in_stock))
                .filter(products::product_id.ne_all(of_bought))
                .order(products::product_id.desc())
                .limit(limit.into())
                .select(ProductRow::as_select())
                .load(connection)?;
            page.reverse();
            with_items(connection, page)
        })?;
        let mut recommended = assembled(rows.0, rows.1)?;
        recommended.reverse();
        Ok(recommended)
    }

    fn usable_coupons(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<NamedCoupon>, StoreError> {
        let now = now.naive_utc();
        let rows: Vec<CouponRow> = session(&self.pool)?.run(|connection| {
            coupons::table
                .filter(coupons::valid_until.gt(now))
                .filter(coupons::valid_from.le(now))
                .filter(coupons::used_by.is_null())
                .order((coupons::valid_until, coupons::coupon_id))
                .limit(limit.into())
                .select(CouponRow::as_select())
                .load(connection)
        })?;
        rows.into_iter()
            .map(|row| {
                let name = row.name.clone();
                Coupon::try_from(row).map(|coupon| NamedCoupon { coupon, name })
            })
            .collect()
    }

    fn import(&self, assortment: &Assortment) -> Result<(), StoreError> {
        let imported = session(&self.pool)?.transaction(|connection| {
            import_products(connection, &assortment.products)?;
            import_coupons(connection, assortment)?;
            Ok(())
        })?;
        imported.ok_or_else(|| StoreError::Refused("a row is there twice".to_owned()))
    }
}

fn with_items(
    connection: &mut MysqlConnection,
    page: Vec<ProductRow>,
) -> QueryResult<(Vec<ProductRow>, Vec<ItemRow>)> {
    let identities: Vec<i64> = page.iter().map(|product| product.product_id).collect();
    let items_of_page = items::table
        .filter(items::product_id.eq_any(identities))
        .order((items::product_id, items::item_id))
        .select(ItemRow::as_select())
        .load(connection)?;
    Ok((page, items_of_page))
}

/// Products, in ascending order of identity, with their items.
fn assembled(rows: Vec<ProductRow>, item_rows: Vec<ItemRow>) -> Result<Vec<Product>, StoreError> {
    let mut products: Vec<Product> = rows
        .into_iter()
        .map(|row| Product {
            id: row.product_id,
            name: row.name,
            items: Vec::new(),
        })
        .collect();
    for row in item_rows {
        if let Ok(index) = products.binary_search_by_key(&row.product_id, |product| product.id) {
            products[index].items.push(Item::try_from(row)?);
        }
    }
    Ok(products)
}

fn import_products(connection: &mut MysqlConnection, new_products: &[Product]) -> QueryResult<()> {
    for product in new_products {
        let row = ProductRow {
            product_id: product.id,
            name: product.name.clone(),
        };
        diesel::insert_or_ignore_into(products::table)
            .values(row)
            .execute(connection)?;
        for item in &product.items {
            let row = ItemRow {
                item_id: item.id,
                product_id: product.id,
                name: item.name.to_string(),
                price: item.price.as_decimal(),
                stock: item.stock,
            };
            diesel::insert_or_ignore_into(items::table)
                .values(row)
                .execute(connection)?;
        }
    }
    Ok(())
}

fn import_coupons(connection: &mut MysqlConnection, assortment: &Assortment) -> QueryResult<()> {
    for coupon in &assortment.coupons {
        let name = assortment
            .coupon_names
            .get(&coupon.id)
            .map_or("", String::as_str);
        diesel::insert_or_ignore_into(coupons::table)
            .values(CouponRow::new(coupon, name))
            .execute(connection)?;
    }
    Ok(())
}
