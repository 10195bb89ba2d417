ALTER TABLE orders
    DROP COLUMN payment_idempotency_key,
    DROP COLUMN payment_fingerprint,
    DROP COLUMN pay_by;
