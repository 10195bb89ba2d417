//! Reads the catalogue file of `import-catalogue`. Knows nothing of the database.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use shared::json;
use shared::money::{self, Money};

use crate::domain::catalogue::{Item, Product};
use crate::domain::coupon::{Coupon, Discount};
use crate::ports::catalogue::Assortment;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(default)]
    products: Vec<ProductEntry>,
    #[serde(default)]
    coupons: Vec<CouponEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProductEntry {
    product_id: i64,
    name: String,
    items: Vec<ItemEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ItemEntry {
    item_id: i64,
    name: String,
    #[serde(with = "money::plain")]
    price: Money,
    stock: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CouponEntry {
    coupon_id: i64,
    name: String,
    kind: Kind,
    amount: Option<Money>,
    percent: Option<u8>,
    maximum_discount: Option<Money>,
    #[serde(default)]
    minimum_total: Money,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Fixed,
    Percent,
}

/// Reads a catalogue file's text.
///
/// # Errors
/// When it isn't JSON of the right shape, or a coupon's members don't fit its kind.
pub fn parse(text: &str) -> anyhow::Result<Assortment> {
    let file: CatalogueFile = json::read(text.as_bytes())?;
    let coupon_names = file
        .coupons
        .iter()
        .map(|coupon| (coupon.coupon_id, coupon.name.clone()))
        .collect();
    Ok(Assortment {
        products: file.products.into_iter().map(product).collect(),
        coupons: file
            .coupons
            .into_iter()
            .map(coupon)
            .collect::<anyhow::Result<_>>()?,
        coupon_names,
    })
}

fn product(entry: ProductEntry) -> Product {
    let item = |entry: ItemEntry| Item {
        id: entry.item_id,
        name: entry.name.into(),
        price: entry.price,
        stock: entry.stock,
    };
    Product {
        id: entry.product_id,
        name: entry.name,
        items: entry.items.into_iter().map(item).collect(),
    }
}

fn coupon(entry: CouponEntry) -> anyhow::Result<Coupon> {
    let discount = match (
        entry.kind,
        entry.amount,
        entry.percent,
        entry.maximum_discount,
    ) {
        (Kind::Fixed, Some(amount), None, None) => Discount::Fixed(amount),
        (Kind::Percent, None, Some(percent @ 1..=100), Some(maximum)) => {
            Discount::Percent { percent, maximum }
        }
        (Kind::Fixed, ..) => anyhow::bail!(
            "coupon {}: FIXED takes amount, and nothing else",
            entry.coupon_id
        ),
        (Kind::Percent, ..) => {
            anyhow::bail!(
                "coupon {}: PERCENT takes percent (1 to 100) and maximumDiscount",
                entry.coupon_id
            )
        }
    };
    Ok(Coupon {
        id: entry.coupon_id,
        discount,
        minimum_total: entry.minimum_total,
        valid_from: entry.valid_from,
        valid_until: entry.valid_until,
        used_by: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one product whose item has these members.
    fn item(members: &str) -> anyhow::Result<Assortment> {
        parse(&format!(
            r#"{{"products":[{{"productId":1,"name":"우산","items":[{{"itemId":1,"name":"우산",{members}}}]}}]}}"#
        ))
    }

    #[test]
    fn prices_and_stock_are_read_like_all_amounts_and_integers() {
        for members in [
            r#""price":12000,"stock":3"#,
            r#""price":"12000.00","stock":3.0"#,
            r#""price":{"amount":1.2e4},"stock":3e0"#,
        ] {
            let read = item(members).unwrap();
            let read = &read.products[0].items[0];
            assert_eq!((read.price, read.stock), (Money::from_units(12_000), 3));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (members, told) in [
            (
                r#""price":"12_000","stock":3"#,
                "products[0].items[0].price: an amount is a decimal number",
            ),
            (
                r#""price":1,"stock":2.5"#,
                "products[0].items[0].stock must be an integer",
            ),
            (
                r#""price":1,"stock":3,"stok":4"#,
                "products[0].items[0].stok is unknown",
            ),
        ] {
            assert_eq!(item(members).unwrap_err().to_string(), told);
        }
        let by_position = parse(r#"{"products":[[1,"우산",[]]]}"#).unwrap_err();
        assert_eq!(by_position.to_string(), "products[0] must be an object");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_file() {
        assert!(parse("\u{feff}{}").is_ok());
    }
}
