using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>The same promises as a sum over a list, written again from the design and without any cleverness.</summary>
internal sealed class NaiveBooks
{
    private readonly List<Entry> _entries = [];

    public sealed record Entry(PaymentId Id, PaymentFacts Facts, DateTimeOffset At, DateTimeOffset ValidBefore)
    {
        public PaymentState State { get; set; }
    }

    public IReadOnlyList<Entry> Entries => _entries;

    public void Add(ReserveRequest request, DateTimeOffset now) => _entries.Add(
        new Entry(request.Id, request.Facts, now, DateTimeOffset.FromUnixTimeSeconds(request.Terms.ValidBefore)));

    public (UInt128 Spent, UInt128 Held) Sum(BudgetLine line, DateTimeOffset now)
    {
        UInt128 spent = 0, held = 0;
        var start = (line.Window as SpendWindow.Calendar)?.Bounds(now).Start ?? default;
        foreach (var entry in _entries)
        {
            if (entry.State == PaymentState.Aborted || !line.Scope.Matches(entry.Facts) || !Counts(entry, line.Window, start, now))
            {
                continue;
            }

            if (entry.State == PaymentState.Settled)
            {
                spent += entry.Facts.Value.Micros;
            }
            else
            {
                held += entry.Facts.Value.Micros;
            }
        }

        return (spent, held);
    }

    public bool HasRoom(ReserveRequest request, DateTimeOffset now) => request.Lines.All(line =>
    {
        var (spent, held) = Sum(line, now);
        return spent + held + request.Facts.Value.Micros <= line.Limit.Units;
    });

    private static bool Counts(Entry entry, SpendWindow window, DateTimeOffset start, DateTimeOffset now)
    {
        var dead = entry.ValidBefore > entry.At ? entry.ValidBefore : entry.At;
        return window switch
        {
            SpendWindow.Total => true,
            SpendWindow.Rolling rolling => now < dead + rolling.Length,
            SpendWindow.Calendar => entry.At >= start || now <= dead + TimeSpan.FromHours(1),
            _ => throw new NotSupportedException(),
        };
    }
}
