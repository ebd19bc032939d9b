using System.Globalization;
using System.Text;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>What the payment flow needs to know of an agent's request, read once: its own wishes and its identity as a purchase.</summary>
internal sealed record PaymentRequest(Bytes32 Digest, Bytes32 Logical, bool HasIdempotencyKey, bool IsSafeMethod, Usd? MaxPrice)
{
    public const string IdempotencyKey = "Idempotency-Key";
    public const string MaxPriceHeader = "Smart-Proxy-Max-Price";
    public const string ModeHeader = "Smart-Proxy-Mode";

    /// <summary>The one mode there is: say what it would cost and what the policy says, and pay nothing.</summary>
    public const string Quote = "quote";

    // The headers that select an answer: two requests that differ here are two purchases.
    private static readonly string[] Selecting = ["Authorization", "Cookie", "Accept", "Range"];

    /// <summary>Whether the request only asks for the price. The guard has refused every other mode.</summary>
    public static bool WantsQuote(IUpstreamCall call) => call.RequestHeader(ModeHeader) is not null;

    public static PaymentRequest From(IUpstreamCall call, Bytes32 bodyDigest)
    {
        var digest = Hash("smart-proxy request 1", call.Method, call.Origin.ToString(), call.Target, bodyDigest.ToHex());
        var key = call.RequestHeader(IdempotencyKey);
        var agent = call.Identity.Agent.Value;
        var logical = key is null
            ? Hash(["smart-proxy purchase 1", agent, digest.ToHex(), .. Selecting.Select(name => call.RequestHeader(name) ?? "")])
            : Hash("smart-proxy idempotency key 1", agent, key);
        return new PaymentRequest(
            digest,
            logical,
            key is not null,
            call.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE",
            Usd.TryParse(call.RequestHeader(MaxPriceHeader), out var maxPrice) ? maxPrice : null);
    }

    // Every field is preceded by its length in bytes, so that no two different lists hash alike.
    private static Bytes32 Hash(params ReadOnlySpan<string> fields)
    {
        var text = new StringBuilder();
        foreach (var field in fields)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(field)}:{field};");
        }

        return Bytes32.Sha256(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
