-- What the order service's two accounts may do in MySQL and MariaDB, least of all. See docs/operate.md. Make the accounts first:
--   CREATE USER 'order_migrator'@'%' IDENTIFIED BY '…'; CREATE USER 'order_service'@'%' IDENTIFIED BY '…';
-- For `order_service migrate` and `order_service import-catalogue`: DB_MIGRATION_USERNAME.
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER, REFERENCES ON `orders`.* TO 'order_migrator'@'%';
-- For `order_service serve`: DB_USERNAME. It deletes no order, and changes no table. Of the whole database, because tables that a later
-- migration makes could not be granted before.
GRANT SELECT, INSERT, UPDATE ON `orders`.* TO 'order_service'@'%';
-- Used only with PENDING_ORDERS_PER_MEMBER or PENDING_PIECES_PER_MEMBER: it takes orders that have ended off the list of pending ones. With
-- CREATE, because otherwise a table can't be granted before it is made.
GRANT CREATE, DELETE ON `orders`.`unpaid_orders` TO 'order_service'@'%';
