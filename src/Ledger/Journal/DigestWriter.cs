using System.Buffers;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Writes lines down to what the books need of them, in a form that is read many times faster than JSON. <see cref="BudgetLedger.Apply"/> makes the
/// same books of it; everything else that a line tells is left out. Nothing but a faster start depends on it.
/// </summary>
public sealed class DigestWriter
{
    // As many kinds of payments are named, so that what an attacker can make of them has a bound.
    private const int MaxKinds = 1 << 16;

    private readonly DigestOutput _output = new();
    private readonly Dictionary<PaymentId, int> _payments = [];
    private readonly Dictionary<PaymentFacts, int> _kinds = new(new PaymentKind.Comparer());
    private long _lastAt;

    public DigestWriter()
    {
    }

    /// <summary>Goes on where a reader ended.</summary>
    public DigestWriter(DigestReader reader)
    {
        reader.Texts.ForEach(_output.Know);
        reader.Kinds.ForEach(kind => _kinds.Add(kind, _kinds.Count));
        _lastAt = reader.LastAt;
        _payments.EnsureCapacity(reader.Payments.Count);
        foreach (var payment in reader.Payments)
        {
            _payments.Add(payment, _payments.Count);
        }
    }

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _output.Written;

    /// <summary>Payments so far.</summary>
    public int Payments => _payments.Count;

    /// <summary>Begins anew, with everything that was named so far.</summary>
    public void Clear() => _output.Clear();

    public void Add(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved:
                Begin(DigestKind.Reserved, line);
                Write(reserved);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Sent e }:
                Move(DigestKind.Sent, line, e.Payment);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Settled e }:
                Move(DigestKind.Settled, line, e.Payment);
                _output.Byte(e.Delivered ? (byte)1 : (byte)0);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.InDoubt e }:
                Move(DigestKind.InDoubt, line, e.Payment);
                _output.Text(e.Why);
                _output.Byte(e.Delivered ? (byte)1 : (byte)0);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Aborted e }:
                Move(DigestKind.Aborted, line, e.Payment);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Proven e }:
                Move(DigestKind.Proven, line, e.Payment);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refused }:
                Begin(DigestKind.Refused, line);
                break;
            default:
                Begin(DigestKind.Verbatim, line);
                Write(line);
                break;
        }
    }

    private void Begin(DigestKind kind, JournalLine line)
    {
        _output.Byte((byte)kind);
        // INVARIANT: lines never go back in time.
        _output.Number((ulong)((line.At.UtcTicks - _lastAt) / TimeSpan.TicksPerMicrosecond));
        _lastAt = line.At.UtcTicks;
    }

    private void Move(DigestKind kind, JournalLine line, PaymentId payment)
    {
        Begin(kind, line);
        _output.Number((ulong)_payments[payment]);
    }

    private void Write(JournalLine line)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        new JournalWriter(line.Sequence - 1, line.Previous).Append(line.Entry, line.At, text);
        _output.Bytes(text.WrittenSpan[..^1]);
    }

    private void Write(JournalEntry.Reserved entry)
    {
        _payments.Add(entry.Id, _payments.Count);
        _output.Payment(entry.Id);
        var terms = entry.Authorization.Terms;
        Write(entry.Facts);
        _output.Address(terms.From);
        _output.Number((ulong)terms.ValidBefore);
        _output.Word(entry.Authorization.Nonce);
        _output.Word(entry.LogicalRequest);
        _output.Word(entry.RequestDigest);
        _output.Byte((byte)FlagsOf(entry));
        if (entry.Approval is { } approval)
        {
            _output.Payment(approval);
            _output.Amount(terms.Value.Units); // what a person agreed to is bound to it
        }

        if (entry.Grants.Count > 0)
        {
            _output.Number((ulong)entry.Grants.Count);
            foreach (var use in entry.Grants)
            {
                _output.Payment(use.Grant);
                _output.Amount(use.Amount.Micros);
            }
        }
    }

    // Chain, asset and recipient of the authorization are those of the facts.
    private void Write(PaymentFacts facts)
    {
        if (_kinds.TryGetValue(facts, out var number))
        {
            _output.Number(DigestOutput.First + (ulong)number);
            _output.Amount(facts.Value.Micros);
            return;
        }

        var isNamed = _kinds.Count < MaxKinds;
        _output.Number(isNamed ? DigestOutput.Named : DigestOutput.Once);
        _output.Amount(facts.Value.Micros);
        WriteKind(facts);
        if (isNamed)
        {
            _kinds.Add(facts, _kinds.Count);
        }
    }

    private void WriteKind(PaymentFacts facts)
    {
        _output.Text(facts.Agent.Value);
        _output.Text(facts.Group);
        _output.Text(facts.Policy);
        _output.Text(facts.Merchant);
        _output.Text(facts.Category);
        _output.Text(facts.Origin.ToString());
        _output.Text(facts.Method);
        _output.Text(facts.Path);
        _output.Number(facts.Network.Value);
        _output.Address(facts.Asset);
        _output.Address(facts.PayTo);
    }

    private static DigestFlags FlagsOf(JournalEntry.Reserved entry) =>
        (entry.HasIdempotencyKey ? DigestFlags.HasKey : 0)
        | (entry.IsSafeMethod ? DigestFlags.IsSafe : 0)
        | (entry.PinsRecipient ? DigestFlags.Pins : 0)
        | (entry.Approval is not null ? DigestFlags.HasApproval : 0)
        | (entry.Grants.Count > 0 ? DigestFlags.HasGrants : 0);
}
