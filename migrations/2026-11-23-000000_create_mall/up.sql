-- Order numbers, statuses, reasons and request ids are ASCII and compared byte by byte; names are any text.
-- Times are UTC. Amounts are decimals.

CREATE TABLE products (
    product_id BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE items (
    item_id BIGINT NOT NULL PRIMARY KEY,
    product_id BIGINT NOT NULL,
    name VARCHAR(200) NOT NULL,
    price DECIMAL(19, 2) NOT NULL,
    stock INT UNSIGNED NOT NULL,
    KEY items_by_product (product_id, item_id),
    CONSTRAINT item_of_product FOREIGN KEY (product_id) REFERENCES products (product_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- A coupon of kind FIXED takes off `amount`; one of kind PERCENT takes off `percent` hundredths, at most `amount`.
CREATE TABLE coupons (
    coupon_id BIGINT NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount DECIMAL(19, 2) NOT NULL,
    percent TINYINT UNSIGNED NULL,
    minimum_total DECIMAL(19, 2) NOT NULL,
    valid_from DATETIME(6) NOT NULL,
    valid_until DATETIME(6) NOT NULL,
    used_by VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Keyed by the order number itself: numbers begin with the time, so new rows go to the end of the table.
CREATE TABLE orders (
    order_num VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reject_reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
    coupon_id BIGINT NULL,
    total_price DECIMAL(19, 2) NOT NULL,
    final_price DECIMAL(19, 2) NOT NULL,
    intent_key VARCHAR(200) NULL,
    intent_amount DECIMAL(19, 2) NULL,
    payment_key VARCHAR(200) NULL,
    created_at DATETIME(6) NOT NULL,
    revision INT UNSIGNED NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Name and price are those of the time of the order, NULL where there was no such item.
CREATE TABLE order_lines (
    order_num VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    line_no SMALLINT UNSIGNED NOT NULL,
    item_id BIGINT NOT NULL,
    item_name VARCHAR(200) NULL,
    unit_price DECIMAL(19, 2) NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (order_num, line_no),
    CONSTRAINT line_of_order FOREIGN KEY (order_num) REFERENCES orders (order_num)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
