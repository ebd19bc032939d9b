using SmartProxy.Protocol;

namespace SmartProxy.Wallet;

/// <summary>What one key signs at most, whatever the policy says.</summary>
public sealed record SignerCaps
{
    /// <summary>By default 10 USD.</summary>
    public Usd PerPayment { get; init; } = new(10_000_000);

    /// <summary>Per UTC day; by default 200 USD.</summary>
    public Usd PerDay { get; init; } = new(200_000_000);
}

/// <summary>
/// The signer's own count. A digest is counted once and may be signed again until it expires; a day's sum starts at zero with the UTC day,
/// and a clock that is turned back doesn't bring an earlier day's room back.
/// </summary>
internal sealed class SigningCap(SignerCaps caps)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Bytes32> _claimed = [];
    private readonly PriorityQueue<Bytes32, long> _byExpiry = new();
    private DateOnly _day = DateOnly.MinValue;
    private Usd _signed = Usd.Zero;

    public void Prime(IEnumerable<(DateTimeOffset SignedAt, Usd Value)> signed, DateTimeOffset now)
    {
        lock (_gate)
        {
            StartDay(now);
            foreach (var (_, value) in signed.Where(entry => DayOf(entry.SignedAt) >= _day))
            {
                _signed = _signed.Plus(value);
            }
        }
    }

    /// <summary>Claims room, or says which cap has none. Look and act are one step.</summary>
    /// <param name="digest">What will be signed.</param>
    /// <param name="value">Its dollar value.</param>
    /// <param name="validBefore">When the claim may be forgotten, in Unix seconds.</param>
    /// <param name="now">The time.</param>
    public SignRefusal? Claim(Bytes32 digest, Usd value, long validBefore, DateTimeOffset now)
    {
        if (value > caps.PerPayment)
        {
            return SignRefusal.SignerPaymentCap;
        }

        lock (_gate)
        {
            StartDay(now);
            ForgetExpired(now.ToUnixTimeSeconds());
            if (_claimed.Contains(digest))
            {
                return null;
            }

            if (value > caps.PerDay.Less(_signed))
            {
                return SignRefusal.SignerDayCap;
            }

            _signed = _signed.Plus(value);
            _claimed.Add(digest);
            _byExpiry.Enqueue(digest, validBefore);
            return null;
        }
    }

    private void StartDay(DateTimeOffset now)
    {
        if (DayOf(now) > _day)
        {
            (_day, _signed) = (DayOf(now), Usd.Zero);
        }
    }

    private void ForgetExpired(long now)
    {
        while (_byExpiry.TryPeek(out var digest, out var validBefore) && validBefore <= now)
        {
            _byExpiry.Dequeue();
            _claimed.Remove(digest);
        }
    }

    private static DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(instant.UtcDateTime);
}
