-- Lists coupons that are still valid without reading all that ever were. What is in the index never changes: taking a coupon costs nothing more.
ALTER TABLE coupons
    ADD KEY coupons_by_end (valid_until);
