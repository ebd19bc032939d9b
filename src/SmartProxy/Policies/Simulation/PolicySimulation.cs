using SmartProxy.Ledger;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Protocol;

namespace SmartProxy.Policies.Simulation;

/// <summary>
/// Recorded decisions once more, under another policy with sums of its own: what it refuses is not spent, what it allows is. Payments before
/// <paramref name="since"/> count as they were. What a person or an operator did (agreements, grants) happens again.
/// </summary>
/// <param name="policy">The policy to try.</param>
/// <param name="since">From when on decisions are made again.</param>
internal sealed class PolicySimulation(PolicySet policy, DateTimeOffset since)
{
    private readonly Func<PaymentQuestion, Verdict> _judge = new PolicyEvaluator(policy).Judge;
    private readonly SimulatedBooks _books = new(policy.Hash);
    private readonly HashSet<PaymentId> _refusals = [];

    public SimulationReport Report { get; } = new(policy.Hash, since);

    /// <summary>Takes the journal's lines in order.</summary>
    public void Take(JournalLine line)
    {
        switch (line.Entry)
        {
            case JournalEntry.Reserved reserved when line.At < since:
                _books.Retain(reserved, line.At);
                break;
            case JournalEntry.Reserved reserved:
                Decide(RecordedDecision.Of(reserved, line.At));
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Refused refused } when line.At >= since:
                Take(refused, line.At);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.Settled or LedgerEvent.InDoubt or LedgerEvent.Aborted or LedgerEvent.Sent } recorded:
                Follow(recorded.Event, line.At);
                break;
            case JournalEntry.Recorded { Event: LedgerEvent.ApprovalRequested or LedgerEvent.ApprovalAnswered or LedgerEvent.Granted or LedgerEvent.GrantRevoked } recorded:
                _books.Happen(recorded.Event, line.At);
                break;
        }
    }

    private void Follow(LedgerEvent outcome, DateTimeOffset at)
    {
        if (ReceiptSubject.Of(outcome) is { } id && _books.Holds(id))
        {
            _books.Happen(outcome, at);
        }
    }

    // Identical refusals within a minute are one decision with a number, told by a second line.
    private void Take(LedgerEvent.Refused refused, DateTimeOffset at)
    {
        if (_refusals.Add(refused.Decision))
        {
            Decide(RecordedDecision.Of(refused, at));
        }

        Report.Repeat(refused.Count - 1);
    }

    private void Decide(RecordedDecision decision)
    {
        if (!decision.IsOfPolicies)
        {
            Report.OutsidePolicy(decision);
            return;
        }

        if (decision.ToQuestion(policy.Registry) is not { } question)
        {
            Report.NotRebuilt(decision);
            return;
        }

        switch (_judge(question))
        {
            case Verdict.Denied denied:
                Report.Refused(decision, Words.Of(denied.Reason), denied.Rule, denied.Value);
                break;
            case Verdict.Allowed allowed:
                Reserve(decision, allowed);
                break;
        }
    }

    private void Reserve(RecordedDecision decision, Verdict.Allowed allowed)
    {
        if (_books.Reserve(Request(decision, allowed), decision.At) is { } refused)
        {
            var rule = refused.Line?.Line.Id ?? refused.Approval?.Rule ?? refused.Rule ?? allowed.Rule;
            if (refused.Reason is ReserveRefusal.ApprovalPending)
            {
                Report.Asks(decision, rule, allowed);
            }
            else
            {
                Report.Refused(decision, Words.Of(refused.Reason), rule, allowed.Facts.Value);
            }

            return;
        }

        if (decision.Paid is null)
        {
            // Nobody knows how the seller would have answered: it is taken to have delivered.
            _books.Happen(new LedgerEvent.Settled(decision.Id, new SettlementClaim(true, "", "", null, null, null), 200, Delivered: true), decision.At);
        }

        Report.Allowed(decision, allowed);
    }

    private ReserveRequest Request(RecordedDecision decision, Verdict.Allowed allowed)
    {
        var terms = decision.Paid?.Authorization.Terms ?? new TransferTerms(
            allowed.Facts.Network, allowed.Facts.Asset, allowed.Asset.DomainName, allowed.Asset.DomainVersion, EvmAddress.Zero, allowed.Facts.PayTo, allowed.Amount,
            ValidAfter: 0, ValidBefore: decision.At.ToUnixTimeSeconds() + allowed.ValidSeconds);
        return new ReserveRequest
        {
            Id = decision.Id,
            PolicyHash = policy.Hash,
            Facts = allowed.Facts,
            Lines = allowed.Lines,
            Terms = terms,
            Secret = default,
            TermsHash = decision.TermsHash,
            RequestDigest = decision.RequestDigest,

            // Twins were refused when they were made, and say so on record: here every decision is a purchase of its own.
            LogicalRequest = Own(decision.Id),
            IsSafeMethod = true,
            PinsRecipient = allowed.Recipient is RecipientRule.Pin,
            Guards = allowed.Guards,
            Context = decision.Context,
        };
    }

    private static Bytes32 Own(PaymentId id)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        bytes.Clear();
        System.Text.Encoding.ASCII.GetBytes(id.Value.AsSpan(0, Math.Min(id.Value.Length, Bytes32.Length)), bytes);
        return new Bytes32(bytes);
    }
}

/// <summary>The payment that an outcome is about.</summary>
internal static class ReceiptSubject
{
    public static PaymentId? Of(LedgerEvent outcome) => outcome switch
    {
        LedgerEvent.Sent e => e.Payment,
        LedgerEvent.Settled e => e.Payment,
        LedgerEvent.InDoubt e => e.Payment,
        LedgerEvent.Aborted e => e.Payment,
        _ => null,
    };
}
