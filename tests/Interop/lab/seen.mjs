// What sellers saw: each request, and the nonce of each payment that reached them. Tests mark their requests in the URL.
export class Seen {
  #requests = [];

  /** Express and plain-http middleware in one. */
  note(seller, req) {
    const text = req.headers['payment-signature'] ?? req.headers['x-payment'];
    this.#requests.push({
      seller,
      method: req.method,
      url: req.url,
      host: req.headers.host,
      paid: text !== undefined,
      nonce: readPayment(text)?.payload?.authorization?.nonce ?? null,
      forwarded: Object.keys(req.headers).filter((name) => /^(proxy-|smart-proxy-|x-forwarded)/.test(name)),
    });
  }

  about(mark) {
    return this.#requests.filter((request) => request.url.includes(mark));
  }
}

export function readPayment(text) {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}
