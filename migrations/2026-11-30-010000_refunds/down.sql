ALTER TABLE orders
    DROP COLUMN refunds;
