// A shopper with openapi-fetch, typed by what openapi-typescript has made of the contract: node buy.js URL. Tells the number of the order that
// was bought. The compiler holds it to the types: a comparison with a reason that the contract does not name does not compile.
import createClient from "openapi-fetch";
import type { paths } from "./mall.js";

declare const process: { argv: string[] };
declare const console: { log(text: string): void };

const member = { "X-Member-Id": "minji" };
const client = createClient<paths>({ baseUrl: process.argv[2] });

function assert(holds: unknown, seen: unknown): asserts holds {
    if (!holds) throw new Error(JSON.stringify(seen));
}

const { data: products } = await client.GET("/open-api/product", { params: { query: { limit: 2 } } });
assert(products?.length === 2, products);
const [product] = products;
const item = product?.itemList[0];
assert(product && item, products);
const one = await client.GET("/open-api/product/{productId}", { params: { path: { productId: product.productId } } });
assert(one.data?.itemList[0]?.name === item.name, one);
const unknown = await client.GET("/open-api/product/{productId}", { params: { path: { productId: 404404 } } });
assert(unknown.response.status === 404 && unknown.error?.reason === "NOT_FOUND", unknown);

/** Buys pieces of the first item, and pays for them. */
function buy(itemId: number, price: number, quantity: number, paymentKey: string) {
    return client.POST("/open-api/order", {
        params: { header: member },
        body: {
            orderLineList: [{ item: { itemId }, quantity }],
            payment: { paymentKey, amount: { amount: price * quantity } },
        },
    });
}

const bought = await buy(item.itemId, item.price.amount, 2, "typescript-1");
const order = bought.data;
// A late answer, 202, has no price yet.
assert(bought.response.status === 200 && order && "finalPrice" in order, bought);
assert(order.status === "COMPLETE", order);
assert(order.finalPrice.amount === 2 * item.price.amount, order);
assert(bought.response.headers.get("Location") === `order/${order.orderNum}`, bought);

const declined = await buy(item.itemId, item.price.amount, 1, "decline-typescript");
assert(declined.response.status === 402 && declined.error?.reason === "PAYMENT_DECLINED", declined);
assert(declined.error.orderNum && declined.error.detail, declined);

const scarce = await buy(item.itemId, item.price.amount, 1_000_000, "typescript-2");
assert(scarce.response.status === 409 && scarce.error?.reason === "OUT_OF_STOCK", scarce);

const page = await client.GET("/open-api/my-page", { params: { header: member } });
assert(page.data?.profile.status === "ok" && page.data.profile.data?.memberId === "minji", page);
assert(page.data.orders.status === "ok", page);
const numbers = page.data.orders.data.map(({ orderNum }) => orderNum);
assert(numbers.includes(order.orderNum) && numbers.includes(declined.error.orderNum), numbers);
console.log(order.orderNum);
