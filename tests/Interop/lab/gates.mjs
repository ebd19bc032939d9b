/** Named gates between a test and a seller: one side waits, the other opens, in any order. */
export class Gates {
  #gates = new Map();

  passed(name) {
    return this.#gate(name).promise;
  }

  open(name) {
    this.#gate(name).resolve();
  }

  #gate(name) {
    if (!this.#gates.has(name)) {
      let resolve;
      const promise = new Promise((ready) => (resolve = ready));
      this.#gates.set(name, { promise, resolve });
    }
    return this.#gates.get(name);
  }
}
