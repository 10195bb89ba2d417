-- An order's refunds, a JSON array in the order of their numbers; NULL where there are none. They are read and written with their order, under
-- its revision, and never without it. So they are part of its row, and orders without refunds, which nearly all are, cost nothing more.
ALTER TABLE orders
    ADD COLUMN refunds MEDIUMTEXT CHARACTER SET utf8mb4 NULL;
