-- Only where members' pending orders are limited. A member's row is locked by whoever stores a new order of that member, so that orders which
-- come at once are counted one after the other. Rows stay.
CREATE TABLE IF NOT EXISTS buyers (
    member_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- The orders of a member that are pending, and some that no longer are: whether one is, its own row says. Those that have ended are removed
-- with the member's next order. So counting a member's pending orders never reads all that the member ever placed.
CREATE TABLE IF NOT EXISTS unpaid_orders (
    member_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    order_num VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    pieces BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (member_id, order_num)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
