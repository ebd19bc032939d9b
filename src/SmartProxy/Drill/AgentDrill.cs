using System.Globalization;
using SmartProxy.Payments;
using SmartProxy.Policy;
using SmartProxy.Policy.Analysis;
using SmartProxy.Protocol;

namespace SmartProxy.Drill;

/// <summary>
/// All that hostile sellers try on one agent in a day, one place after the other. (1) Find the highest price that is paid. (2) Ask 200 times at once. (3) Go on until
/// nothing more is paid; every second payment meets another misdeed, and what got no answer is asked for again. (4) Settle late whatever was kept, twice. (5) Restart and ask again. Where limits move with the clock, the
/// same again when they have.
/// </summary>
/// <param name="policy">The policy that is tried.</param>
/// <param name="places">Where the agent may pay; at least one.</param>
/// <param name="worst">The most that the policy lets be signed in a day: who has it stops. Null for no limit.</param>
/// <param name="peopleAgree">Whether people agree to whatever they are asked.</param>
/// <param name="random">Chance.</param>
internal sealed class AgentDrill(PolicySet policy, IReadOnlyList<PayablePlace> places, Usd? worst, bool peopleAgree, IRandomSource random)
{
    /// <summary>Requests that come at once.</summary>
    public const int AtOnce = 200;

    /// <summary>Payments at one place after which nothing is expected to stop them any more.</summary>
    public const int MaxPayments = 5_000;

    /// <summary>The reason of a refusal that a person could lift.</summary>
    public const string Asked = "approval_pending";

    // Rounds in a day, where limits move with the clock.
    private const int MaxRounds = 300;
    private const int ShortestValidity = 6;
    private static readonly UInt128 Bold = (UInt128)1_000_000_000 * 1_000_000;
    private static readonly TimeSpan LeastStep = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);
    private static readonly SellerConduct[] Misdeeds = [.. Enum.GetValues<SellerConduct>().Where(conduct => conduct is not SellerConduct.Deliver)];

    // After these the agent has nothing, and nobody said that money was taken: to ask again is no purchase of its own.
    private static readonly SellerConduct[] Unanswered =
        [SellerConduct.AskAgain, SellerConduct.AskDearer, SellerConduct.AskForAnother, SellerConduct.SayFailed, SellerConduct.Fail, SellerConduct.Reset];

    private readonly Dictionary<PayablePlace, PlaceResult> _results = places.ToDictionary(place => place, _ => new PlaceResult());
    private readonly HashSet<SignedPayment> _settled = [];
    private Sandbox _sandbox = null!;
    private bool _isFlooded;
    private int _purchases;
    private int _requests;
    private int _restarts;
    private int _twice;

    public async Task<AgentResult> RunAsync()
    {
        var midnight = new DateTimeOffset(places.Min(place => place.OpenAt).UtcDateTime.Date, TimeSpan.Zero);
        await using var sandbox = _sandbox = await Sandbox.OpenAsync(policy, places[0].Wallet, random, midnight);
        for (var round = 0; round < MaxRounds && sandbox.Clock.GetUtcNow() < midnight + TimeSpan.FromDays(1); round++)
        {
            foreach (var place in places)
            {
                await DrainAsync(place, _results[place]);
            }

            if (_results.Values.Aggregate(Usd.Zero, (sum, place) => sum.Plus(place.Taken)) >= worst || Next() is not { } next)
            {
                break;
            }

            sandbox.Clock.MoveTo(next);
        }

        string[] passed = [.. DrillJudge.Passed(sandbox.Signed), .. _twice > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{_twice} requests were signed or charged twice")] : (string[])[]];
        return new AgentResult(places[0].Entry, places[0].IsPattern, _results, _requests, sandbox.Signed.Count, _restarts, passed);
    }

    private async Task DrainAsync(PayablePlace place, PlaceResult result)
    {
        var price = result.Price ?? Bold;
        for (var payment = 0; payment < MaxPayments && price > 0; payment++)
        {
            var call = await AskAsync(place, price, ConductOf(payment));
            if (call.Payments.Count == 0)
            {
                result.Stop(call.Refusal);
                result.WasAsked |= call.Refusal?.Reason is Asked;
                if (Lower(price, call.Refusal) is not { } lower)
                {
                    break;
                }

                price = lower;
                continue;
            }

            await AskOnceMoreAsync(place, price, call);
            if (result.Price is null)
            {
                result.Price = price;
                await FloodAsync(place, price);
            }

            if (price == Bold)
            {
                result.StoppedBy = null;
                break;
            }
        }

        SettleKept(result);
        if (result is { Payments: > 0, IsRestarted: false })
        {
            result.IsRestarted = true;
            await RestartAsync(place, price);
            SettleKept(result);
        }
    }

    // The agent got nothing and asks for the same: it may be given the payment that was made, and no other.
    private async Task AskOnceMoreAsync(PayablePlace place, UInt128 price, HostileCall call)
    {
        if (Unanswered.Contains(call.Conduct))
        {
            var again = await AskAsync(place, price, SellerConduct.AskAgain, call.Number);
            _twice += again.Payments.IsSubsetOf(call.Payments) ? 0 : 1;
        }
    }

    private async Task FloodAsync(PayablePlace place, UInt128 price)
    {
        if (_isFlooded)
        {
            return;
        }

        _isFlooded = true;
        var calls = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(number => Task.Run(() => AskAsync(place, price, ConductOf(number)))));
        foreach (var paid in calls.Where(call => call.Payments.Count > 0))
        {
            await AskOnceMoreAsync(place, price, paid);
        }
    }

    // Every second one is honest, so that no breaker stops them before the limits do.
    private static SellerConduct ConductOf(int payment) => payment % 2 == 0 ? SellerConduct.Deliver : Misdeeds[payment / 2 % Misdeeds.Length];

    // The process dies between signature and settlement, and forgets nothing.
    private async Task RestartAsync(PayablePlace place, UInt128 price)
    {
        await _sandbox.RestartAsync();
        _restarts++;
        if (price > 0)
        {
            await AskAsync(place, price, SellerConduct.AskAgain);
        }
    }

    private async Task<HostileCall> AskAsync(PayablePlace place, UInt128 micros, SellerConduct conduct)
    {
        var number = Interlocked.Increment(ref _purchases);
        var call = await AskAsync(place, micros, conduct, number);
        return peopleAgree && call.Refusal is { Reason: Asked } refusal && await _sandbox.AgreeAsync(refusal) ? await AskAsync(place, micros, conduct, number) : call;
    }

    private async Task<HostileCall> AskAsync(PayablePlace place, UInt128 micros, SellerConduct conduct, int number)
    {
        Interlocked.Increment(ref _requests);
        var units = micros * Pow10(place.Token.Decimals) / place.Token.UsdPerToken.Micros;
        var call = new HostileCall(place, new SellerTerms(place.Token, UInt128.Max(1, units), place.Recipient, ShortestValidity + 1), conduct, number);
        await _sandbox.AskAsync(call);
        if (call.Payments.Count > 1)
        {
            Interlocked.Increment(ref _twice);
        }

        return call;
    }

    // What the refusal itself tells to be possible; where it tells nothing of a price, half of it.
    private static UInt128? Lower(UInt128 price, Refusal? refusal)
    {
        if (refusal is null)
        {
            return null;
        }

        var told = refusal.Reason switch
        {
            "amount_over_payment_limit" => Member(refusal, "limit"),
            "budget_exceeded" => Member(refusal, "remaining") ?? price / 2,
            Asked or "price_drift" or "amount_out_of_range" => price / 2,
            _ => null,
        };
        return told is { } lower && lower > 0 && lower < price ? lower : null;
    }

    private static UInt128? Member(Refusal refusal, string name) =>
        Usd.TryParse(Text(refusal, name), out var value) ? value.Micros : null;

    private static string? Text(Refusal refusal, string name) => refusal.Members.FirstOrDefault(member => member.Key == name).Value;

    private void SettleKept(PlaceResult result)
    {
        _sandbox.Clock.MoveTo(_sandbox.Clock.GetUtcNow() + Late);
        foreach (var payment in _sandbox.Signed.Where(_settled.Add).ToList())
        {
            result.Taken = result.Taken.Plus(_sandbox.Settle(payment));
            result.Payments++;
            _twice += _sandbox.Settle(payment) > Usd.Zero ? 1 : 0;
        }
    }

    // When more may be paid: a schedule opens, a breaker lets one try, or the shortest limit that moves with the clock has let go of everything; and
    // halfway to that, when it must not have.
    private DateTimeOffset? Next()
    {
        var now = _sandbox.Clock.GetUtcNow();
        var opens = _results.Values
            .Where(result => result.ClosedBy is not null)
            .Select(result => DateTimeOffset.TryParse(Text(result.ClosedBy!, "resetsAt"), CultureInfo.InvariantCulture, out var at) ? at : now);
        var tried = _results.Values.Where(result => result.StoppedBy is { Reason: "merchant_suspended", RetryAfterSeconds: not null }).Select(result => now.AddSeconds(result.StoppedBy!.RetryAfterSeconds!.Value + 1));
        var freed = _sandbox.Signed.SelectMany(payment => payment.Request.Lines).Select(line => line.Window).OfType<SpendWindow.Rolling>()
            .Select(window => now + new TimeSpan(Math.Max(window.Length.Ticks / 2, LeastStep.Ticks)) + TimeSpan.FromSeconds(2 * ShortestValidity));
        return opens.Concat(tried).Concat(freed).Where(time => time > now).Cast<DateTimeOffset?>().Min();
    }

    private static UInt128 Pow10(int exponent) => Enumerable.Repeat((UInt128)10, exponent).Aggregate(UInt128.One, (product, ten) => product * ten);
}
