using System.Globalization;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Writes a decision record into memory of the caller: every payment has one, and every verification composes each of them again. Its values
/// are digits, hex digits and agents' names, so there is nothing that JSON would escape.
/// </summary>
internal ref struct RecordWriter(Span<byte> destination)
{
    /// <summary>The most bytes of a record: it has about 250 of names and signs, and its values have at most 700.</summary>
    public const int MaxLength = 1024;

    private readonly Span<byte> _destination = destination;
    private int _length;

    public readonly ReadOnlySpan<byte> Written => _destination[.._length];

    /// <summary>Names and signs between the values.</summary>
    public void Raw(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_destination[_length..]);
        _length += text.Length;
    }

    /// <summary>64 lower-case hex digits.</summary>
    public void Hex(Bytes32 value)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        value.CopyTo(bytes);
        Hex(bytes);
    }

    /// <summary>40 lower-case hex digits.</summary>
    public void Hex(EvmAddress value)
    {
        Span<byte> bytes = stackalloc byte[EvmAddress.Length];
        value.CopyTo(bytes);
        Hex(bytes);
    }

    public void Number(UInt128 value) => _length += value.TryFormat(_destination[_length..], out var written, default, CultureInfo.InvariantCulture) ? written : throw TooLong();

    public void Number(long value) => _length += value.TryFormat(_destination[_length..], out var written, default, CultureInfo.InvariantCulture) ? written : throw TooLong();

    public void Payment(PaymentId id) => _length += Encoding.ASCII.GetBytes(id.Value, _destination[_length..]);

    /// <exception cref="ArgumentException">It is no agent's name.</exception>
    public void Agent(AgentId agent) => _length += AgentId.TryParse(agent.Value, out _)
        ? Encoding.ASCII.GetBytes(agent.Value, _destination[_length..])
        : throw new ArgumentException($"expected an agent ({AgentId.Expected}), found `{agent.Value}`", nameof(agent));

    private void Hex(scoped ReadOnlySpan<byte> bytes) => _length += Convert.TryToHexStringLower(bytes, _destination[_length..], out var written) ? written : throw TooLong();

    private static ArgumentException TooLong() => new($"a decision record has at most {MaxLength} bytes");
}
