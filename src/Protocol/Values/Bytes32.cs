using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SmartProxy.Protocol;

/// <summary>Thirty-two bytes: a hash, a nonce, a 256-bit word. Its text is <c>0x</c> and 64 lower-case hex digits.</summary>
public readonly record struct Bytes32
{
    public const int Length = 32;

    // Four words and not two of 128 bits, which would be padded to 16 bytes in every table that holds a million of these.
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    /// <param name="bytes">Exactly 32 bytes, big-endian.</param>
    public Bytes32(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _first = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _second = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _third = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _fourth = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public static Bytes32 Keccak256(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        Keccak.Hash256(data, hash);
        return new Bytes32(hash);
    }

    public static Bytes32 Sha256(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(data, hash);
        return new Bytes32(hash);
    }

    /// <summary>Reads <c>0x</c> and 64 hex digits of any case.</summary>
    public static bool TryParse(string? text, out Bytes32 value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var parsed = Hex.TryDecode(text, bytes);
        value = parsed ? new Bytes32(bytes) : default;
        return parsed;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _second);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _third);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _fourth);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The digits without <c>0x</c>.</summary>
    public string ToHex() => ToString()[2..];

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }
}
