-- The member an order belongs to; a version that knows no members leaves it NULL. The index ends with the order's number, as all of
-- InnoDB's do with the primary key: it lists a member's orders by their time, and those of one time by their number.
ALTER TABLE orders
    ADD COLUMN member_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD KEY orders_by_member (member_id, created_at);
