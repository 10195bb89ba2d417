ALTER TABLE coupons
    DROP KEY coupons_by_end;
