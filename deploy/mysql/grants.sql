-- What the order service's two accounts may do in MySQL and MariaDB, least of all. See docs/operate.md. Make the accounts first:
--   CREATE USER 'order_migrator'@'%' IDENTIFIED BY '…'; CREATE USER 'order_service'@'%' IDENTIFIED BY '…';
-- For `order_service migrate` and `order_service import-catalogue`: DB_MIGRATION_USERNAME.
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER, REFERENCES ON `orders`.* TO 'order_migrator'@'%';
-- For `order_service serve`: DB_USERNAME. It deletes nothing, and changes no table. Of the whole database, because tables that a later
-- migration makes could not be granted before.
GRANT SELECT, INSERT, UPDATE ON `orders`.* TO 'order_service'@'%';
