ALTER TABLE orders
    DROP KEY orders_by_member,
    DROP COLUMN member_id;
