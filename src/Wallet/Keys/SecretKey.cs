using System.Buffers;
using System.Security.Cryptography;
using Org.BouncyCastle.Math;
using SmartProxy.Protocol;
using SmartProxy.Wallet.Signing;

namespace SmartProxy.Wallet.Keys;

/// <summary>
/// A private key of an account: 32 bytes in memory that the collector doesn't move, wiped on dispose. It has no public way out but an
/// encrypted <see cref="KeyFile"/>.
/// </summary>
public sealed class SecretKey : IDisposable
{
    internal const int Length = 32;

    private readonly byte[] _bytes = GC.AllocateArray<byte>(Length, pinned: true);
    private volatile bool _isDisposed;

    private SecretKey(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes);
        Address = Secp256k1.AddressOf(Secp256k1.MultiplyBase(ToScalar()));
    }

    /// <summary>The account of this key.</summary>
    public EvmAddress Address { get; }

    /// <summary>A new key.</summary>
    public static SecretKey Create(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        try
        {
            SecretKey? key;
            do
            {
                random.Fill(bytes);
            }
            while (!TryCreate(bytes, out key));
            return key!;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>False unless <paramref name="bytes"/> are 32 and a number from 1 to n−1.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out SecretKey? key)
    {
        key = bytes.Length == Length && Secp256k1.IsScalar(new BigInteger(1, bytes)) ? new SecretKey(bytes) : null;
        return key is not null;
    }

    /// <summary>Reads 64 hex digits, with or without <c>0x</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SecretKey? key)
    {
        key = null;
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        Span<byte> bytes = stackalloc byte[Length];
        try
        {
            return digits.Length == 2 * Length
                && Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done
                && TryCreate(bytes, out key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        CryptographicOperations.ZeroMemory(_bytes);
    }

    /// <summary>Says that it hides the key.</summary>
    public override string ToString() => "SecretKey (hidden)";

    internal ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _bytes;
        }
    }

    internal BigInteger ToScalar()
    {
        var scalar = new BigInteger(1, Bytes);

        // INVARIANT: the flag is read again after the bytes, so that a half-wiped key never signs.
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return scalar;
    }
}
