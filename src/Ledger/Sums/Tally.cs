using System.Runtime.InteropServices;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>As what a payment counts in a sum.</summary>
internal enum Share
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Promised.</summary>
    Held,

    /// <summary>Settled.</summary>
    Spent,
}

/// <summary>Adds up what a limit counts.</summary>
internal abstract class Tally
{
    public UInt128 Spent { get; protected set; }

    public UInt128 Held { get; protected set; }

    public static Tally Of(SpendMeasure measure) => measure switch
    {
        SpendMeasure.Dollars => new UnitTally(facts => facts.Value.Micros),
        SpendMeasure.Payments => new UnitTally(static _ => 1),
        SpendMeasure.Recipients => new RecipientTally(),
    };

    /// <summary>How much room a payment needs.</summary>
    public abstract UInt128 NeedOf(PaymentFacts facts);

    public abstract void Add(PaymentFacts facts, Share share);

    public abstract void Remove(PaymentFacts facts, Share share);

    /// <summary>Adds what was summed before.</summary>
    public void AddUnits(UInt128 spent, UInt128 held) => (Spent, Held) = (Spent + spent, Held + held);

    /// <summary>The units that go when these payments leave the sum, each with its time and in no order.</summary>
    /// <param name="leaving">The payments that will leave.</param>
    public abstract IEnumerable<(UInt128 Units, long At)> Freed(IEnumerable<(Payment Payment, long At)> leaving);

    /// <summary>Each payment counts for itself.</summary>
    private sealed class UnitTally(Func<PaymentFacts, UInt128> units) : Tally
    {
        public override UInt128 NeedOf(PaymentFacts facts) => units(facts);

        public override void Add(PaymentFacts facts, Share share)
        {
            if (share == Share.Spent)
            {
                Spent += units(facts);
            }
            else
            {
                Held += units(facts);
            }
        }

        public override void Remove(PaymentFacts facts, Share share)
        {
            if (share == Share.Spent)
            {
                Spent -= units(facts);
            }
            else
            {
                Held -= units(facts);
            }
        }

        public override IEnumerable<(UInt128 Units, long At)> Freed(IEnumerable<(Payment Payment, long At)> leaving) =>
            leaving.Select(item => (units(item.Payment.Facts), item.At));
    }

    /// <summary>Each recipient counts once, however often it is paid: as spent when any of its payments settled.</summary>
    private sealed class RecipientTally : Tally
    {
        private readonly Dictionary<EvmAddress, (int Spent, int Held)> _recipients = [];

        public override UInt128 NeedOf(PaymentFacts facts) => _recipients.ContainsKey(facts.PayTo) ? 0u : 1u;

        public override void Add(PaymentFacts facts, Share share) => Change(facts.PayTo, share, 1);

        public override void Remove(PaymentFacts facts, Share share) => Change(facts.PayTo, share, -1);

        // A recipient goes with the last of its payments; one that stays for ever keeps it.
        public override IEnumerable<(UInt128 Units, long At)> Freed(IEnumerable<(Payment Payment, long At)> leaving) =>
            leaving.GroupBy(item => item.Payment.Facts.PayTo)
                .Where(group => group.Count() == _recipients[group.Key].Spent + _recipients[group.Key].Held)
                .Select(group => ((UInt128)1, group.Max(item => item.At)));

        private void Change(EvmAddress recipient, Share share, int by)
        {
            ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_recipients, recipient, out _);
            Count(counts, -1);
            counts = share == Share.Spent ? (counts.Spent + by, counts.Held) : (counts.Spent, counts.Held + by);
            Count(counts, 1);
            if (counts is (0, 0))
            {
                _recipients.Remove(recipient);
            }
        }

        private void Count((int Spent, int Held) recipient, int by)
        {
            if (recipient.Spent > 0)
            {
                Spent = by > 0 ? Spent + 1 : Spent - 1;
            }
            else if (recipient.Held > 0)
            {
                Held = by > 0 ? Held + 1 : Held - 1;
            }
        }
    }
}
