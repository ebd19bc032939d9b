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
internal readonly record struct DigestFrame(long First, long Start, long LastStart, long End, Bytes32 Hash, Bytes32 Check, int Size)
{
    public const int HeaderSize = 4 + 4 + (4 * 8) + (2 * Bytes32.Length);

    // `SPD1`: whoever changes what a digest holds gives it another number, and digests of before are made anew.
    private const uint Magic = 0x31445053;

    private const int MaxSize = 1 << 30;
    private const int CheckAt = HeaderSize - Bytes32.Length;

    /// <summary>Number of its last line.</summary>
    public long Last => First + JournalIndex.Stride - 1;

    public static DigestFrame Seal(long first, long start, long lastStart, long end, Bytes32 hash, ReadOnlySpan<byte> lines)
    {
        var frame = new DigestFrame(first, start, lastStart, end, hash, default, lines.Length);
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
        Hash.CopyTo(header[40..]);
        Check.CopyTo(header[CheckAt..]);
    }

    public static bool TryRead(ReadOnlySpan<byte> header, out DigestFrame frame)
    {
        frame = new DigestFrame(
            BinaryPrimitives.ReadInt64LittleEndian(header[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
            new Bytes32(header[40..72]),
            new Bytes32(header[CheckAt..HeaderSize]),
            BinaryPrimitives.ReadInt32LittleEndian(header[4..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && frame.Size is > 0 and < MaxSize;
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
