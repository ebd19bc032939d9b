using SmartProxy.Protocol;

namespace SmartProxy.Ledger.Tests;

/// <summary>Random histories against the naive model. A failure names the seed, and the seed repeats it.</summary>
public sealed class SimulationTests
{
    private const int Seeds = 200;
    private const int Steps = 2000;

    [Theory, MemberData(nameof(Ranges))]
    public void The_books_agree_with_a_sum_over_a_list(int firstSeed)
    {
        for (var seed = firstSeed; seed < firstSeed + 10; seed++)
        {
            try
            {
                new History(seed).Run(Steps);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e.Message}");
            }
        }
    }

    public static TheoryData<int> Ranges => [.. Enumerable.Range(0, Seeds / 10).Select(i => i * 10)];

    private sealed class History(int seed)
    {
        private static readonly string[] Agents = ["me", "you", "them"];
        private readonly Random _random = new(seed);
        private readonly Books _books = new();
        private readonly NaiveBooks _naive = new();
        private readonly BudgetLine[] _lines = Lines(seed);

        public void Run(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                Step();
            }

            CompareAll();
            ReplayGivesTheSame();
        }

        private void Step()
        {
            switch (_random.Next(12))
            {
                case < 5:
                    Reserve();
                    break;
                case < 9:
                    Move();
                    break;
                case 9:
                    Wait();
                    break;
                case 10:
                    Compare(_lines[_random.Next(_lines.Length)]);
                    break;
                default:
                    Rarely();
                    break;
            }
        }

        private void Reserve()
        {
            var agent = Agents[_random.Next(Agents.Length)];
            var template = _books.Request("0.01", [], agent: agent, validSeconds: _random.Next(-5, 600));
            var facts = template.Facts with { Value = new Usd((UInt128)_random.Next(1, 400_000)) };
            var request = template with { Facts = facts, Lines = [.. _lines.Where(line => line.Scope.Matches(facts) && _random.Next(4) > 0)] };

            var expected = _naive.HasRoom(request, _books.Now);
            var refusal = _books.Reserve(request);
            Assert.Equal(expected ? null : ReserveRefusal.BudgetExceeded, refusal?.Reason);
            if (refusal is null)
            {
                _naive.Add(request, _books.Now);
            }
            else if (refusal.RetryAfter is { } wait)
            {
                Assert.True(_naive.HasRoom(request, _books.Now + wait), "there is no room after the wait");
            }
        }

        private void Move()
        {
            if (_naive.Entries.Count == 0)
            {
                return;
            }

            // Mostly young payments: they have most ways to go.
            var entry = _naive.Entries[Math.Max(0, _naive.Entries.Count - 1 - _random.Next(_random.Next(1, 40)))];
            var to = (PaymentState)_random.Next(1, 5);
            if (!PaymentMoves.IsLegal(entry.State, to))
            {
                return;
            }

            switch (to)
            {
                case PaymentState.Sent:
                    _books.Send(entry.Id);
                    break;
                case PaymentState.Settled:
                    _books.Settle(entry.Id);
                    break;
                case PaymentState.InDoubt:
                    _books.Doubt(entry.Id);
                    break;
                default:
                    _books.Abort(entry.Id);
                    break;
            }

            entry.State = to;
        }

        private void Wait() => _books.Now += _random.Next(10) switch
        {
            < 5 => TimeSpan.FromMilliseconds(_random.Next(2000)),
            < 8 => TimeSpan.FromSeconds(_random.Next(600)),
            8 => TimeSpan.FromMinutes(_random.Next(120)),
            _ => TimeSpan.FromHours(_random.Next(30)),
        };

        private void Rarely()
        {
            if (_random.Next(8) == 0)
            {
                _books.Record(new LedgerEvent.PolicyActivated(Books.Policy, "{}", "[]", "again"));
                CompareAll();
            }
        }

        private void Compare(BudgetLine line)
        {
            var usage = _books.Usage(line);
            Assert.Equal(_naive.Sum(line, _books.Now), (usage.Spent.Units, usage.Held.Units));
        }

        private void CompareAll()
        {
            foreach (var line in _lines)
            {
                Compare(line);
            }
        }

        private void ReplayGivesTheSame()
        {
            var again = new BudgetLedger();
            _books.Lines.ForEach(again.Apply);
            Assert.All(_lines, line =>
            {
                var (live, replayed) = (_books.Usage(line), again.Usage(line, _books.Now));
                Assert.Equal((live.Spent, live.Held), (replayed.Spent, replayed.Held));
            });
        }

        private static BudgetLine[] Lines(int seed)
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(seed % 2 == 0 ? "Europe/Berlin" : "America/St_Johns");
            SpendWindow[] windows =
            [
                new SpendWindow.Total(), new SpendWindow.Rolling(TimeSpan.FromMinutes(5)), new SpendWindow.Rolling(TimeSpan.FromHours(24)),
                new SpendWindow.Calendar(CalendarPeriod.Day, zone), new SpendWindow.Calendar(CalendarPeriod.Week, zone), new SpendWindow.Calendar(CalendarPeriod.Month, zone),
            ];
            var random = new Random(seed);
            var scopes = Agents.Select(name => new SpendScope("agent=" + name, facts => facts.Agent.Value == name)).Append(Books.Everyone);
            return [.. scopes.SelectMany(scope => windows.Select(window =>
                new BudgetLine($"{scope.Key} {window}", BudgetOwner.Organization, scope, window, new Usd((UInt128)random.Next(1_000_000, window is SpendWindow.Total ? 400_000_000 : 20_000_000)))))];
        }
    }
}
