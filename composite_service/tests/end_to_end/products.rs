//! What there is to buy, as the public API lists it.

use serde_json::json;

use crate::Behaviour;
use crate::mall::Mall;

pub(crate) const BEHAVIOURS: &[Behaviour] =
    &[("products::paged_by_link_and_found_by_identity", products)];

fn products(mall: &Mall) {
    mall.sql("INSERT IGNORE INTO products VALUES (2, '둘'), (3, '셋')");
    let item = mall.new_item(10);
    let first = mall.run(mall.get("/open-api/product?limit=2"));
    assert_eq!(first.headers["link"], r#"<?after=2&limit=2>; rel="next""#);
    let rest = mall.run(mall.get("/open-api/product/?after=2&limit=2"));
    assert_eq!(rest.body.as_array().unwrap().len(), 1);
    assert!(rest.headers.get("link").is_none());
    let product = mall.run(mall.get("/open-api/product/1"));
    let found = product.body["itemList"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["itemId"] == item)
        .unwrap();
    assert_eq!(
        (&found["stock"], &found["price"]["amount"]),
        (&json!(10), &json!(12_000))
    );
    mall.run(mall.get("/open-api/product/77777"))
        .assert_problem(404, "NOT_FOUND");
}
