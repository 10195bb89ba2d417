ALTER TABLE orders
    DROP KEY orders_by_review,
    DROP KEY order_of_idempotency_key,
    DROP COLUMN review_at,
    DROP COLUMN reject_detail,
    DROP COLUMN fingerprint,
    DROP COLUMN idempotency_key;
