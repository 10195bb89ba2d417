"""A shopper with a client that openapi-python-client has generated: python buy.py URL. Tells the number of the order that was bought."""

import sys

from mall_client import Client
from mall_client.api.members import my_page
from mall_client.api.orders import place_order
from mall_client.api.products import get_product, list_products
from mall_client.models import (
    ConflictProblem,
    ConflictProblemReason,
    MyPage,
    NotFoundProblem,
    NotFoundProblemReason,
    Order,
    OrderRequest,
    OrdersPart,
    OrderStatus,
    Payment,
    PaymentDeclinedProblem,
    PaymentDeclinedProblemReason,
    PaymentMoney,
    ProfilePart,
    RequestItem,
    RequestLine,
)

MEMBER = "minji"
client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)


def buy(quantity, key):
    """Buys pieces of the first item, and pays for them."""
    request = OrderRequest(
        order_line_list=[RequestLine(item=RequestItem(item_id=item.item_id), quantity=quantity)],
        payment=Payment(payment_key=key, amount=PaymentMoney(amount=item.price.amount * quantity)),
    )
    return place_order.sync_detailed(client=client, body=request, x_member_id=MEMBER)


products = list_products.sync(client=client, limit=2)
assert len(products) == 2, products
item = products[0].item_list[0]
product = get_product.sync(products[0].product_id, client=client)
assert product.item_list[0].name == item.name, product
unknown = get_product.sync(404404, client=client)
assert isinstance(unknown, NotFoundProblem), unknown
assert unknown.reason is NotFoundProblemReason.NOT_FOUND, unknown

answer = buy(2, "python-1")
order = answer.parsed
assert answer.status_code == 200 and isinstance(order, Order), answer
assert order.status is OrderStatus.COMPLETE, order
assert order.final_price.amount == 2 * item.price.amount, order
assert answer.headers["Location"] == f"order/{order.order_num}", answer

answer = buy(1, "decline-python")
declined = answer.parsed
assert answer.status_code == 402 and isinstance(declined, PaymentDeclinedProblem), answer
assert declined.reason is PaymentDeclinedProblemReason.PAYMENT_DECLINED, declined
assert declined.order_num and declined.detail, declined

answer = buy(1_000_000, "python-2")
scarce = answer.parsed
assert answer.status_code == 409 and isinstance(scarce, ConflictProblem), answer
assert scarce.reason is ConflictProblemReason.OUT_OF_STOCK, scarce

page = my_page.sync(client=client, x_member_id=MEMBER)
assert isinstance(page, MyPage), page
assert isinstance(page.profile, ProfilePart) and page.profile.data.member_id == MEMBER, page
assert isinstance(page.orders, OrdersPart), page
numbers = [each.order_num for each in page.orders.data]
assert order.order_num in numbers and declined.order_num in numbers, numbers
print(order.order_num)
