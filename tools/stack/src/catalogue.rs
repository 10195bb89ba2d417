//! The sample catalogue that a developer's mall sells. Must not know how it is imported.

use crate::Place;
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// About thirty products with their items, stocks and some coupons, in the order service's import format.
pub const SAMPLE_CATALOGUE: &str = include_str!("../sample/catalogue.json");

/// Writes the sample catalogue into the data folder, to be imported from there.
pub fn sample_catalogue(place: &Place) -> Result<PathBuf> {
    let file = place.data.join("catalogue.json");
    fs::write(&file, SAMPLE_CATALOGUE)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::SAMPLE_CATALOGUE;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn item_1_is_well_stocked_and_every_item_has_its_own_number() {
        let catalogue: Value = serde_json::from_str(SAMPLE_CATALOGUE).unwrap();
        let products = catalogue["products"].as_array().unwrap();
        let items: Vec<&Value> = products
            .iter()
            .flat_map(|product| product["items"].as_array().unwrap())
            .collect();
        assert_eq!(items[0]["itemId"], 1);
        assert_eq!(
            (&items[0]["price"], &items[0]["stock"]),
            (&12_000.into(), &1_000.into())
        );
        let numbers: BTreeSet<u64> = items
            .iter()
            .map(|item| item["itemId"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers.len(), items.len());
    }
}
