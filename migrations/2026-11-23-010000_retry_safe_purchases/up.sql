-- A shopper's idempotency key is taken by one order; the fingerprint tells the same request from another with this key.
-- `review_at` is when somebody must ask the payment gateway about the order, unless it is settled before.
ALTER TABLE orders
    ADD COLUMN idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN reject_detail VARCHAR(500) NULL,
    ADD COLUMN review_at DATETIME(6) NULL,
    ADD UNIQUE KEY order_of_idempotency_key (idempotency_key),
    ADD KEY orders_by_review (review_at);

-- Whether older pending orders were charged is not known here: they are reviewed at once.
UPDATE orders SET review_at = UTC_TIMESTAMP(6) WHERE status = 'CREATED';
