using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Policies.Simulation;

/// <summary>A past that a policy could have had: real verdicts, real books, real journal lines; only buyers and sellers are dice.</summary>
internal sealed class History
{
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    private static readonly string[] Hosts = ["https://api.exa.ai", "https://papers.example", "https://x.papers.example", "https://other.example", "https://casino.example"];
    private static readonly string[] Agents = ["me", "r-1", "r-2", "r-3", "stranger"];
    private static readonly Asset Usdc = AssetRegistry.Default.Assets.First(asset => asset.Chain == new ChainId(84532));

    private readonly PolicySet _policy;
    private readonly PolicyEvaluator _evaluator;
    private readonly Random _random;
    private readonly BudgetLedger _ledger = new();
    private readonly JournalWriter _writer = new(0, default);
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<PaymentId> _open = [];
    private readonly Action<JournalLine> _keep;
    private DateTimeOffset _now = Start;
    private int _number;

    public History(PolicySet policy, int seed, Action<JournalLine>? keep = null)
    {
        (_policy, _evaluator, _random, _keep) = (policy, new PolicyEvaluator(policy), new Random(seed), keep ?? Lines.Add);
        Write(new JournalEntry.Opened(policy.Hash));
        Write(new JournalEntry.Recorded(new LedgerEvent.PolicyActivated(policy.Hash, policy.Text, policy.Registry.CanonicalText, "first")));
    }

    public List<JournalLine> Lines { get; } = [];

    /// <summary>The longest pause between two decisions.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>What is written after each decision; the journal's bytes since the last call.</summary>
    public Action<ReadOnlyMemory<byte>>? Written { get; init; }

    public static PolicySet Policy(string text)
    {
        var load = PolicyLoader.Load(Encoding.UTF8.GetBytes(text), "p.json", AssetRegistry.Default);
        return load.Policy ?? throw new InvalidDataException(string.Join('\n', load.Problems));
    }

    public History Add(int decisions)
    {
        for (var i = 0; i < decisions; i++)
        {
            _now += TimeSpan.FromTicks((long)(Pause.Ticks * _random.NextDouble()));
            Ask(Agents[_random.Next(Agents.Length)], Hosts[_random.Next(Hosts.Length)], _random.Next(1, 120_000), RequestOf(_random.Next(40)));
            Finish();
            Written?.Invoke(_bytes.WrittenMemory);
            _bytes.ResetWrittenCount();
        }

        return this;
    }

    /// <summary>Writes it into a data folder as the product lays it out.</summary>
    public static string WriteTo(string dataFolder, PolicySet policy, int seed, int decisions, TimeSpan? pause = null)
    {
        Directory.CreateDirectory(JournalFiles.FolderIn(dataFolder));
        using var file = new FileStream(JournalFiles.JournalIn(dataFolder), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1 << 20);
        new History(policy, seed, static _ => { }) { Written = bytes => file.Write(bytes.Span), Pause = pause ?? TimeSpan.FromMinutes(20) }.Add(decisions);
        return dataFolder;
    }

    public void Ask(string agent, string url, int micros, Bytes32 request, string payTo = "0x1111111111111111111111111111111111111111", string method = "GET")
    {
        Assert.True(Origin.TryParse(url, out var origin));
        var offer = Offer(micros, payTo);
        var question = new PaymentQuestion(new AgentId(agent), method, IsUpgrade: false, origin, offer) { Path = "/search", At = _now };
        var id = NewId();
        switch (_evaluator.Judge(question))
        {
            case Verdict.Denied denied:
                Refuse(id, question, denied.Rule, Words.Of(denied.Reason), PaymentFigures.Of(denied), request);
                break;
            case Verdict.Allowed allowed when _ledger.Decide(Request(id, allowed, request), _now, _writer.Head) is var decision:
                if (decision.Entry is { } entry)
                {
                    Write(entry);
                    _open.Add(id);
                }
                else
                {
                    Refuse(id, question, decision.Refusal!.Line?.Line.Id ?? allowed.Rule, Words.Of(decision.Refusal.Reason), PaymentFigures.Of(allowed, decision.Refusal.Line), request);
                }

                break;
        }
    }

    public void Record(LedgerEvent happened) => Write(new JournalEntry.Recorded(happened));

    public void Wait(TimeSpan time) => _now += time;

    private static Bytes32 RequestOf(int number) => Bytes32.Sha256(BitConverter.GetBytes(number));

    // Some payments end at once, some later, some never.
    private void Finish()
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            if (_random.Next(3) == 0)
            {
                continue;
            }

            var id = _open[i];
            _open.RemoveAt(i);
            switch (_random.Next(10))
            {
                case 0:
                    Record(new LedgerEvent.Aborted(id, "signer_refused"));
                    break;
                case 1:
                    Record(new LedgerEvent.Sent(id));
                    Record(new LedgerEvent.InDoubt(id, "no_answer", null, Delivered: false));
                    break;
                default:
                    Record(new LedgerEvent.Sent(id));
                    Record(new LedgerEvent.Settled(id, new SettlementClaim(true, "0xabc", "eip155:84532", null, null, null), 200, Delivered: _random.Next(5) > 0));
                    break;
            }
        }
    }

    private void Refuse(PaymentId id, PaymentQuestion question, string rule, string reason, RefusalFigures figures, Bytes32 request) =>
        Record(new LedgerEvent.Refused(id, question.Agent, reason, Context(question, rule), figures, default, request, _policy.Hash));

    private ReserveRequest Request(PaymentId id, Verdict.Allowed allowed, Bytes32 request) => new()
    {
        Id = id,
        PolicyHash = _policy.Hash,
        Facts = allowed.Facts,
        Lines = allowed.Lines,
        Terms = new TransferTerms(
            allowed.Facts.Network, allowed.Facts.Asset, allowed.Asset.DomainName, allowed.Asset.DomainVersion, EvmAddress.Parse("0x2222222222222222222222222222222222222222"),
            allowed.Facts.PayTo, allowed.Amount, 0, _now.ToUnixTimeSeconds() + 60),
        Secret = Bytes32.Sha256(BitConverter.GetBytes(_number)),
        TermsHash = default,
        RequestDigest = request,
        LogicalRequest = Bytes32.Sha256(BitConverter.GetBytes(_number)),
        IsSafeMethod = true,
        PinsRecipient = allowed.Recipient is RecipientRule.Pin,
        Guards = allowed.Guards,
        Context = new PaymentContext
        {
            Method = allowed.Facts.Method,
            Origin = allowed.Facts.Origin,
            Path = allowed.Facts.Path,
            Rule = allowed.Rule,
            Rail = "x402",
            ProtocolVersion = 2,
            Scheme = "exact",
            AssetSymbol = allowed.Asset.Symbol,
        },
    };

    private static PaymentContext Context(PaymentQuestion question, string rule) => new()
    {
        Method = question.Method,
        Origin = question.Origin,
        Path = question.Path,
        Rule = rule,
        Rail = "x402",
        ProtocolVersion = 2,
        Scheme = question.Offer.Scheme,
    };

    private static PaymentOffer Offer(int micros, string payTo) => SampleOffer.Cent with { Amount = new BigInteger(micros), PayTo = EvmAddress.Parse(payTo) };

    private PaymentId NewId()
    {
        Span<byte> random = stackalloc byte[10];
        BinaryPrimitives.WriteInt32BigEndian(random, ++_number);
        return PaymentId.Create(_now, random);
    }

    private void Write(JournalEntry entry)
    {
        _now = _ledger.Tick(_now);
        var line = _writer.Append(entry, _now, _bytes);
        _ledger.Apply(line);
        _keep(line);
    }
}
