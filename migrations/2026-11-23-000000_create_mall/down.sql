DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE coupons;
DROP TABLE items;
DROP TABLE products;
