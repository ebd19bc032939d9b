using Microsoft.Extensions.Primitives;
using SmartProxy.Identity;
using SmartProxy.Protocol;
using SmartProxy.Protocol.Mpp;

namespace SmartProxy.Payments;

/// <summary>
/// What is refused before anything goes out: payments that an agent makes by itself, in every form that we know, and wishes to us that can't be
/// read. A wish that were ignored could cost money.
/// </summary>
internal sealed class PaymentGuard : IPaymentGuard
{
    private const int MaxKeyLength = 255;

    public bool WantsJsonBody(AgentIdentity identity, Origin origin) => true;

    public Refusal? Check(AgentIdentity identity, Origin origin, IHeaderDictionary headers, ReadOnlyMemory<byte> jsonBody)
    {
        if (PaymentCredentials.FindInHeaders(name => Lines(headers[name])) is { } header)
        {
            return AgentPayment($"the header {header}");
        }

        if (PaymentCredentials.FindInBody(jsonBody.Span) is { } member)
        {
            return AgentPayment($"the member {member} of its body");
        }

        if (headers.TryGetValue(PaymentRequest.MaxPriceHeader, out var price) && !Usd.TryParse(price, out _))
        {
            return new Refusal(400, "max_price_invalid", $"expected dollars as text in {PaymentRequest.MaxPriceHeader}, such as 0.01; correct or remove the header");
        }

        // INVARIANT: who asks for a mode and gets another one may pay what it did not want to pay.
        if (headers.TryGetValue(PaymentRequest.ModeHeader, out var mode) && mode != PaymentRequest.Quote)
        {
            return new Refusal(400, "mode_not_supported", $"the one mode of {PaymentRequest.ModeHeader} is `{PaymentRequest.Quote}`, and ignoring another one could cost money; correct or remove the header");
        }

        return headers.TryGetValue(PaymentRequest.IdempotencyKey, out var key) && !IsKey(key)
            ? new Refusal(400, "idempotency_key_invalid", $"expected one {PaymentRequest.IdempotencyKey} of 1 to {MaxKeyLength} printable ASCII characters; send a fresh key")
            : null;
    }

    public string? FindInMessage(ReadOnlyMemory<byte> message) => PaymentCredentials.FindInFrame(message.Span);

    private static Refusal AgentPayment(string form) =>
        new(403, "agent_payment_refused", $"the request carries a payment of its own ({form}), and nobody pays around the policy; remove it, the proxy pays for you");

    private static bool IsKey(StringValues values) =>
        values is [{ Length: > 0 and <= MaxKeyLength } key] && key.All(c => c is >= ' ' and <= '~');

    private static string[] Lines(StringValues values) => [.. values.Where(value => value is not null).Select(value => value!)];
}
