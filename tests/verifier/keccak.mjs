// Keccak-256 with the original 0x01 padding, as Ethereum uses it (Node's sha3-256 pads with 0x06 and gives other hashes).
// Written from the Keccak reference, for clarity: lanes are BigInts.

const RATE = 136; // bytes
const MASK = (1n << 64n) - 1n;

const rotate = (lane, by) => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK;

// Round constants from the 8-bit shift register x^8 + x^6 + x^5 + x^4 + 1.
const ROUND_CONSTANTS = (() => {
  const constants = [];
  let register = 1;
  for (let round = 0; round < 24; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = register & 0x80 ? ((register << 1) ^ 0x171) : register << 1;
    }
    constants.push(constant);
  }
  return constants;
})();

function permute(state) {
  for (const constant of ROUND_CONSTANTS) {
    // theta
    const column = [0, 1, 2, 3, 4].map(x => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
    for (let i = 0; i < 25; i++) state[i] ^= column[(i + 4) % 5] ^ rotate(column[(i + 1) % 5], 1);

    // rho and pi
    let [x, y, moving] = [1, 0, state[1]];
    for (let t = 0; t < 24; t++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const here = state[x + 5 * y];
      state[x + 5 * y] = rotate(moving, ((t + 1) * (t + 2) / 2) % 64);
      moving = here;
    }

    // chi
    for (let row = 0; row < 25; row += 5) {
      const lanes = state.slice(row, row + 5);
      for (let i = 0; i < 5; i++) state[row + i] = lanes[i] ^ (~lanes[(i + 1) % 5] & MASK & lanes[(i + 2) % 5]);
    }

    // iota
    state[0] ^= constant;
  }
}

/** @param {Uint8Array} bytes @returns {string} 64 lower-case hex digits */
export function keccak256(bytes) {
  const padded = Buffer.alloc((Math.floor(bytes.length / RATE) + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;

  const state = new Array(25).fill(0n);
  for (let block = 0; block < padded.length; block += RATE) {
    for (let lane = 0; lane < RATE / 8; lane++) state[lane] ^= padded.readBigUInt64LE(block + lane * 8);
    permute(state);
  }

  const hash = Buffer.alloc(32);
  for (let lane = 0; lane < 4; lane++) hash.writeBigUInt64LE(state[lane], lane * 8);
  return hash.toString('hex');
}
