using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

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

    // The state of the permutation. Its lanes are reached by constants, so none of them is checked against a length.
    [InlineArray(25)]
    private struct Lanes
    {
        private ulong _first;
    }

    /// <param name="data">Any number of bytes.</param>
    /// <param name="hash">Receives 32 bytes.</param>
    public static void Hash256(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        var state = new Lanes();
        while (data.Length >= Rate)
        {
            Absorb(ref state, data[..Rate]);
            data = data[Rate..];
        }

        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        data.CopyTo(last);
        last[data.Length] = 0x01;
        last[Rate - 1] |= 0x80;
        Absorb(ref state, last);

        for (var i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(hash[(i * 8)..], state[i]);
        }
    }

    private static void Absorb(ref Lanes state, ReadOnlySpan<byte> block)
    {
        for (var i = 0; i < Rate / 8; i++)
        {
            state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(i * 8)..]);
        }

        Permute(ref state);
    }

    // Keccak-f[1600], 24 rounds of theta, rho with pi, chi, iota (Keccak reference, section 1.2). Lane (x, y) is a[x + 5y]. The lanes are written out,
    // because a payment takes seven permutations and a million payments are verified.
    private static void Permute(ref Lanes a)
    {
        var e = new Lanes();
        for (var round = 0; round < RoundConstants.Length; round += 2)
        {
            Round(ref a, ref e, RoundConstants[round]);
            Round(ref e, ref a, RoundConstants[round + 1]);
        }
    }

    // Theta on a; then rho with pi, chi and iota into e, row by row.
    private static void Round(ref Lanes a, ref Lanes e, ulong constant)
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
        Row(ref e, 0, a[0] ^ d0, Turn(a[6] ^ d1, 44), Turn(a[12] ^ d2, 43), Turn(a[18] ^ d3, 21), Turn(a[24] ^ d4, 14));
        Row(ref e, 5, Turn(a[3] ^ d3, 28), Turn(a[9] ^ d4, 20), Turn(a[10] ^ d0, 3), Turn(a[16] ^ d1, 45), Turn(a[22] ^ d2, 61));
        Row(ref e, 10, Turn(a[1] ^ d1, 1), Turn(a[7] ^ d2, 6), Turn(a[13] ^ d3, 25), Turn(a[19] ^ d4, 8), Turn(a[20] ^ d0, 18));
        Row(ref e, 15, Turn(a[4] ^ d4, 27), Turn(a[5] ^ d0, 36), Turn(a[11] ^ d1, 10), Turn(a[17] ^ d2, 15), Turn(a[23] ^ d3, 56));
        Row(ref e, 20, Turn(a[2] ^ d2, 62), Turn(a[8] ^ d3, 55), Turn(a[14] ^ d4, 39), Turn(a[15] ^ d0, 41), Turn(a[21] ^ d1, 2));
        e[0] ^= constant;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Turn(ulong lane, int by) => BitOperations.RotateLeft(lane, by);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(ref Lanes e, [ConstantExpected] int first, ulong b0, ulong b1, ulong b2, ulong b3, ulong b4)
    {
        e[first] = b0 ^ (~b1 & b2);
        e[first + 1] = b1 ^ (~b2 & b3);
        e[first + 2] = b2 ^ (~b3 & b4);
        e[first + 3] = b3 ^ (~b4 & b0);
        e[first + 4] = b4 ^ (~b0 & b1);
    }
}
