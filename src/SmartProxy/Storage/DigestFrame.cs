using System.Buffers.Binary;
using System.Security.Cryptography;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>A part of the digest: <see cref="JournalIndex.Stride"/> lines, bound to their place in the journal.</summary>
/// <param name="First">Number of its first line.</param>
/// <param name="Start">Where that begins in the journal.</param>
/// <param name="LastStart">Where its last line begins.</param>
/// <param name="End">Where its last line ends, with its line feed.</param>
/// <param name="Hash">SHA-256 of its last line.</param>
/// <param name="Check">SHA-256 of all of the above and of the lines' digest.</param>
/// <param name="Size">Bytes of the lines' digest.</param>
/// <param name="Payments">Payments up to its end, so that a reader can make room for all of them at once.</param>
internal readonly record struct DigestFrame(long First, long Start, long LastStart, long End, Bytes32 Hash, Bytes32 Check, int Size, int Payments)
{
    public const int HeaderSize = 4 + 4 + (4 * 8) + 4 + (2 * Bytes32.Length);

    // `SPD2`: whoever changes what a digest holds gives it another number, and digests of before are made anew.
    private const uint Magic = 0x32445053;

    private const int MaxSize = 1 << 30;
    private const int CheckAt = HeaderSize - Bytes32.Length;

    /// <summary>Number of its last line.</summary>
    public long Last => First + JournalIndex.Stride - 1;

    public static DigestFrame Seal(long first, long start, long lastStart, long end, Bytes32 hash, int payments, ReadOnlySpan<byte> lines)
    {
        var frame = new DigestFrame(first, start, lastStart, end, hash, default, lines.Length, payments);
        return frame with { Check = frame.CheckOf(lines) };
    }

    public void Write(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], Size);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], First);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], Start);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], LastStart);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], End);
        BinaryPrimitives.WriteInt32LittleEndian(header[40..], Payments);
        Hash.CopyTo(header[44..]);
        Check.CopyTo(header[CheckAt..]);
    }

    public static bool TryRead(ReadOnlySpan<byte> header, out DigestFrame frame)
    {
        frame = new DigestFrame(
            BinaryPrimitives.ReadInt64LittleEndian(header[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
            new Bytes32(header[44..76]),
            new Bytes32(header[CheckAt..HeaderSize]),
            BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(header[40..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && frame.Size is > 0 and < MaxSize && frame.Payments >= 0 && frame.Payments <= frame.Last;
    }

    public Bytes32 CheckOf(ReadOnlySpan<byte> lines)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        Write(header);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header[..CheckAt]);
        hash.AppendData(lines);
        Span<byte> digest = stackalloc byte[Bytes32.Length];
        hash.GetHashAndReset(digest);
        return new Bytes32(digest);
    }
}
