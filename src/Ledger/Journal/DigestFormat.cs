using System.Buffers.Binary;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>The first byte of a line in a digest.</summary>
internal enum DigestKind : byte
{
    /// <summary>The line as it stands in the journal.</summary>
    Verbatim,

    Reserved,
    Sent,
    Settled,
    InDoubt,
    Aborted,
    Proven,

    /// <summary>A refusal: told, not counted.</summary>
    Refused,
}

/// <summary>What a payment says with yes or no.</summary>
[Flags]
internal enum DigestFlags : byte
{
    None = 0,
    HasKey = 1,
    IsSafe = 2,
    Pins = 4,
    HasApproval = 8,
    HasGrants = 16,
}

/// <summary>Writes numbers, texts and words one after another.</summary>
internal sealed class DigestOutput
{
    /// <summary>No text.</summary>
    internal const ulong None = 0;

    /// <summary>The text follows, once.</summary>
    internal const ulong Once = 1;

    /// <summary>The text follows and has the next number from now on.</summary>
    internal const ulong Named = 2;

    /// <summary>The number of the first text that was named; the others follow it.</summary>
    internal const ulong First = 3;

    // As many texts are named: agents, hosts and paths of an installation that is not under attack.
    private const int MaxTexts = 1 << 16;

    private readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);
    private byte[] _bytes = new byte[512 * 1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value) => Room(1)[0] = value;

    /// <summary>A whole number, seven bits a byte, the lowest first.</summary>
    public void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Byte((byte)((value & 0x7F) | 0x80));
        }

        Byte((byte)value);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number((ulong)value.Length);
        value.CopyTo(Room(value.Length));
    }

    public void Amount(UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Room(16), value);

    public void Word(Bytes32 value) => value.CopyTo(Room(Bytes32.Length));

    public void Address(EvmAddress value) => value.CopyTo(Room(EvmAddress.Length));

    public void Payment(PaymentId id) => id.CopyTo(Room(PaymentId.Length));

    public void Text(string? text)
    {
        if (text is null)
        {
            Number(None);
        }
        else if (_texts.TryGetValue(text, out var number))
        {
            Number(First + (ulong)number);
        }
        else
        {
            Number(_texts.Count < MaxTexts ? Named : Once);
            Bytes(Encoding.UTF8.GetBytes(text));
            Know(text);
        }
    }

    /// <summary>Names a text, so that writing goes on where another writer left off.</summary>
    public void Know(string text)
    {
        if (_texts.Count < MaxTexts)
        {
            _texts.Add(text, _texts.Count);
        }
    }

    private Span<byte> Room(int size)
    {
        if (Length + size > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + size));
        }

        Length += size;
        return _bytes.AsSpan(Length - size, size);
    }
}

/// <summary>Reads what <see cref="DigestOutput"/> writes. Whoever reads has checked the bytes' hash.</summary>
internal ref struct DigestInput(ReadOnlySpan<byte> bytes, List<string> texts)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    public ReadOnlySpan<byte> Bytes() => Take((int)Number());

    public UInt128 Amount() => BinaryPrimitives.ReadUInt128LittleEndian(Take(16));

    public Bytes32 Word() => new(Take(Bytes32.Length));

    public EvmAddress Address() => new(Take(EvmAddress.Length));

    public PaymentId Payment() => new(Take(PaymentId.Length));

    public string? Text()
    {
        var number = Number();
        if (number is DigestOutput.None or >= DigestOutput.First)
        {
            return number == DigestOutput.None ? null : texts[(int)(number - DigestOutput.First)];
        }

        var text = Encoding.UTF8.GetString(Bytes());
        if (number == DigestOutput.Named)
        {
            texts.Add(text);
        }

        return text;
    }

    private ReadOnlySpan<byte> Take(int size)
    {
        var taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }
}
