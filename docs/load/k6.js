// A load on the mall for those who prefer k6: `k6 run -e URL=http://127.0.0.1:7000 -e RATE=200 docs/load/k6.js`.
// Purchases begin at a rate, whatever becomes of those before; every tenth comes again with its idempotency key and must have the same answer.
import http from "k6/http";
import { check } from "k6";
import exec from "k6/execution";

const url = __ENV.URL || "http://127.0.0.1:7000";

// An empty shelf is an answer, no failure.
http.setResponseCallback(http.expectedStatuses(200, 409));

export const options = {
  scenarios: {
    purchases: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 100),
      timeUnit: "1s",
      duration: __ENV.DURATION || "30s",
      preAllocatedVUs: 64,
      maxVUs: 1024,
    },
  },
  thresholds: { checks: ["rate==1"], http_req_failed: ["rate==0"], http_req_duration: ["p(99)<500"] },
};

export function setup() {
  const products = http.get(`${url}/open-api/product?limit=100`).json();
  return products.flatMap((product) => product.itemList);
}

export default function (items) {
  const item = items[Math.floor(Math.random() * items.length)];
  const name = `k6-${exec.scenario.iterationInTest}-${exec.vu.idInTest}-${Date.now()}`;
  const body = JSON.stringify({
    orderLineList: [{ item: { itemId: item.itemId }, quantity: 1 }],
    payment: { paymentKey: name, amount: item.price.amount },
  });
  const params = { headers: { "Content-Type": "application/json", "Idempotency-Key": name } };
  const first = http.post(`${url}/open-api/order`, body, params);
  check(first, { "bought, or out of stock": (answer) => answer.status === 200 || answer.status === 409 });
  if (exec.scenario.iterationInTest % 10 === 0 && first.status === 200) {
    const again = http.post(`${url}/open-api/order`, body, params);
    check(again, {
      "the same answer": (answer) => answer.body === first.body && answer.headers["Idempotent-Replayed"] === "true",
    });
  }
}
