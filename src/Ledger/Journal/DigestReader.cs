using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>Reads what <see cref="DigestWriter"/> writes. The lines hold what the books need, and neither hashes nor what people read.</summary>
/// <param name="payments">How many payments are expected.</param>
public sealed class DigestReader(int payments)
{
    private static readonly SettlementClaim NoClaim = new(true, "", "", null, null, null);
    private static readonly PaymentContext NoContext = new() { Method = "", Origin = default, Path = "", Rule = "", Rail = "", ProtocolVersion = 0 };
    private static readonly JournalEntry Refused = new JournalEntry.Recorded(new LedgerEvent.Refused(default, default, "", NoContext, new RefusalFigures(), default, default, null));
    private static readonly ChainProof NoProof = new(0, default, default, null);

    private readonly SeenTexts _seen = new();
    private Bytes32 _policy;

    internal List<string> Texts { get; } = [];

    internal List<PaymentId> Payments { get; } = new(payments);

    internal List<PaymentFacts> Kinds { get; } = [];

    internal long LastAt { get; private set; }

    /// <summary>Number of the last line that was read.</summary>
    public long Sequence { get; private set; }

    /// <summary>Reads everything that was written between two clearings.</summary>
    /// <exception cref="InvalidDataException">This version did not write it.</exception>
    public List<JournalLine> Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var input = new DigestInput(bytes, Texts);
            var lines = new List<JournalLine>(1024);
            while (!input.IsAtEnd)
            {
                lines.Add(ReadLine(ref input));
            }

            return lines;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidDataException("this version did not write it: " + e.Message, e);
        }
    }

    private JournalLine ReadLine(ref DigestInput input)
    {
        var kind = (DigestKind)input.Byte();
        LastAt += (long)input.Number() * TimeSpan.TicksPerMicrosecond;
        return new JournalLine(++Sequence, default, new DateTimeOffset(LastAt, TimeSpan.Zero), ReadEntry(ref input, kind), default);
    }

    private JournalEntry ReadEntry(ref DigestInput input, DigestKind kind) => kind switch
    {
        DigestKind.Verbatim => ReadVerbatim(input.Bytes()),
        DigestKind.Reserved => ReadReserved(ref input),
        DigestKind.Sent => new JournalEntry.Recorded(new LedgerEvent.Sent(Payment(ref input))),
        DigestKind.Settled => new JournalEntry.Recorded(new LedgerEvent.Settled(Payment(ref input), NoClaim, 0, input.Byte() != 0)),
        DigestKind.InDoubt => new JournalEntry.Recorded(new LedgerEvent.InDoubt(Payment(ref input), input.Text()!, null, input.Byte() != 0)),
        DigestKind.Aborted => new JournalEntry.Recorded(new LedgerEvent.Aborted(Payment(ref input), "")),
        DigestKind.Proven => new JournalEntry.Recorded(new LedgerEvent.Proven(Payment(ref input), NoProof)),
        DigestKind.Refused => Refused,
        _ => throw new FormatException($"kind {kind}"),
    };

    private PaymentId Payment(ref DigestInput input) => Payments[(int)input.Number()];

    private JournalEntry ReadVerbatim(ReadOnlySpan<byte> bytes)
    {
        if (!JournalReader.TryRead(bytes, out var line, out var problem, _seen))
        {
            throw new FormatException(problem);
        }

        _policy = line.Entry is JournalEntry.Recorded { Event: LedgerEvent.PolicyActivated policy } ? policy.Hash : _policy;
        return line.Entry;
    }

    private JournalEntry.Reserved ReadReserved(ref DigestInput input)
    {
        var id = input.Payment();
        Payments.Add(id);
        var facts = ReadFacts(ref input);
        var (from, validBefore, nonce) = (input.Address(), (long)input.Number(), input.Word());
        var (logical, request, flags) = (input.Word(), input.Word(), (DigestFlags)input.Byte());
        var (approval, units) = flags.HasFlag(DigestFlags.HasApproval) ? (input.Payment(), new TokenAmount(input.Amount())) : (default(PaymentId?), default(TokenAmount));
        return new JournalEntry.Reserved
        {
            Id = id,
            PolicyHash = _policy,
            DecisionRecord = "",
            Authorization = new TransferAuthorization(new TransferTerms(facts.Network, facts.Asset, "", "", from, facts.PayTo, units, 0, validBefore), nonce),
            Facts = facts,
            Lines = [],
            TermsHash = default,
            RequestDigest = request,
            LogicalRequest = logical,
            HasIdempotencyKey = flags.HasFlag(DigestFlags.HasKey),
            IsSafeMethod = flags.HasFlag(DigestFlags.IsSafe),
            PinsRecipient = flags.HasFlag(DigestFlags.Pins),
            Approval = approval,
            Grants = flags.HasFlag(DigestFlags.HasGrants) ? ReadGrants(ref input) : [],
            Context = NoContext,
        };
    }

    // INVARIANT: kinds are named here in the order in which the writer names them.
    private PaymentFacts ReadFacts(ref DigestInput input)
    {
        var (number, value) = (input.Number(), new Usd(input.Amount()));
        if (number >= DigestOutput.First)
        {
            var kind = Kinds[(int)(number - DigestOutput.First)];
            return kind.Value == value ? kind : kind with { Value = value };
        }

        var facts = ReadKind(ref input, value);
        if (number == DigestOutput.Named)
        {
            Kinds.Add(facts);
        }

        return facts;
    }

    private PaymentFacts ReadKind(ref DigestInput input, Usd value)
    {
        var (agent, group, policy) = (new AgentId(input.Text()!), input.Text(), input.Text());
        var (merchant, category) = (input.Text(), input.Text());
        var origin = _seen.TryFindOrigin(input.Text()!, out var known) ? known : throw new FormatException("origin");
        var (method, path) = (input.Text()!, input.Text()!);
        var (chain, asset, to) = (new ChainId(input.Number()), input.Address(), input.Address());
        return new PaymentFacts(agent, group, policy, origin, merchant, category, chain, asset, to, value) { Method = method, Path = path };
    }

    private static GrantUse[] ReadGrants(ref DigestInput input)
    {
        var grants = new GrantUse[(int)input.Number()];
        for (var i = 0; i < grants.Length; i++)
        {
            grants[i] = new GrantUse(input.Payment(), new Usd(input.Amount()));
        }

        return grants;
    }
}
