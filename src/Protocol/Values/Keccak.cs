using System.Buffers.Binary;
using System.Numerics;

namespace SmartProxy.Protocol;

/// <summary>Keccak-256 with the original 0x01 padding, as Ethereum uses it; the base library has only FIPS 202 SHA-3.</summary>
public static class Keccak
{
    private const int Rate = 136;

    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <param name="data">Any number of bytes.</param>
    /// <param name="hash">Receives 32 bytes.</param>
    public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        Span<ulong> state = stackalloc ulong[25];
        state.Clear();
        while (data.Length >= Rate)
        {
            Absorb(state, data[..Rate]);
            data = data[Rate..];
        }

        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        data.CopyTo(last);
        last[data.Length] = 0x01;
        last[Rate - 1] |= 0x80;
        Absorb(state, last);

        for (var i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(hash[(i * 8)..], state[i]);
        }
    }

    private static void Absorb(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        for (var i = 0; i < Rate / 8; i++)
        {
            state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(i * 8)..]);
        }

        Permute(state);
    }

    // Keccak-f[1600], 24 rounds of theta, rho with pi, chi, iota (Keccak reference, section 1.2). Lane (x, y) is a[x + 5y]. The lanes are written out,
    // because a payment takes nine permutations and a million payments are verified.
    private static void Permute(Span<ulong> a)
    {
        Span<ulong> b = stackalloc ulong[25];
        a = a[..25];
        foreach (var constant in RoundConstants)
        {
            Mix(a, b);
            for (var y = 0; y < 25; y += 5)
            {
                var (b0, b1, b2, b3, b4) = (b[y], b[y + 1], b[y + 2], b[y + 3], b[y + 4]);
                a[y] = b0 ^ (~b1 & b2);
                a[y + 1] = b1 ^ (~b2 & b3);
                a[y + 2] = b2 ^ (~b3 & b4);
                a[y + 3] = b3 ^ (~b4 & b0);
                a[y + 4] = b4 ^ (~b0 & b1);
            }

            a[0] ^= constant;
        }
    }

    // Theta on a, then rho with pi into b.
    private static void Mix(Span<ulong> a, Span<ulong> b)
    {
        var c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
        var c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
        var c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
        var c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
        var c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
        var d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
        var d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
        var d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
        var d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
        var d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

        b[0] = a[0] ^ d0;
        b[10] = BitOperations.RotateLeft(a[1] ^ d1, 1);
        b[20] = BitOperations.RotateLeft(a[2] ^ d2, 62);
        b[5] = BitOperations.RotateLeft(a[3] ^ d3, 28);
        b[15] = BitOperations.RotateLeft(a[4] ^ d4, 27);
        b[16] = BitOperations.RotateLeft(a[5] ^ d0, 36);
        b[1] = BitOperations.RotateLeft(a[6] ^ d1, 44);
        b[11] = BitOperations.RotateLeft(a[7] ^ d2, 6);
        b[21] = BitOperations.RotateLeft(a[8] ^ d3, 55);
        b[6] = BitOperations.RotateLeft(a[9] ^ d4, 20);
        b[7] = BitOperations.RotateLeft(a[10] ^ d0, 3);
        b[17] = BitOperations.RotateLeft(a[11] ^ d1, 10);
        b[2] = BitOperations.RotateLeft(a[12] ^ d2, 43);
        b[12] = BitOperations.RotateLeft(a[13] ^ d3, 25);
        b[22] = BitOperations.RotateLeft(a[14] ^ d4, 39);
        b[23] = BitOperations.RotateLeft(a[15] ^ d0, 41);
        b[8] = BitOperations.RotateLeft(a[16] ^ d1, 45);
        b[18] = BitOperations.RotateLeft(a[17] ^ d2, 15);
        b[3] = BitOperations.RotateLeft(a[18] ^ d3, 21);
        b[13] = BitOperations.RotateLeft(a[19] ^ d4, 8);
        b[14] = BitOperations.RotateLeft(a[20] ^ d0, 18);
        b[24] = BitOperations.RotateLeft(a[21] ^ d1, 2);
        b[9] = BitOperations.RotateLeft(a[22] ^ d2, 61);
        b[19] = BitOperations.RotateLeft(a[23] ^ d3, 56);
        b[4] = BitOperations.RotateLeft(a[24] ^ d4, 14);
    }
}
