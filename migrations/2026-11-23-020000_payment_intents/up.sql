-- A payment of a pending order is a request of its own: its idempotency key belongs to the order, and the fingerprint tells the same
-- request from another with this key. `pay_by` is until when the order waits for a payment; a version that does not know it leaves it
-- NULL, and such an order has no time left when its review comes.
ALTER TABLE orders
    ADD COLUMN payment_idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN payment_fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN pay_by DATETIME(6) NULL;
