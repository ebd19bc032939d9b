using System.Net.Http.Headers;
using System.Text.Json;
using SmartProxy.Ledger;
using SmartProxy.Protocol;

namespace SmartProxy.Payments;

/// <summary>
/// Whether an answer that was paid for is what was promised, as far as its form tells: a status below 400, content where content belongs, the media
/// type of the terms, and a body that arrived whole. What an answer is worth is not judged.
/// </summary>
/// <param name="method">The request's method.</param>
/// <param name="promisedType">The media type that the terms name (<c>mimeType</c>), or null.</param>
internal sealed class DeliveryCheck(string method, string? promisedType)
{
    /// <summary>What the head alone shows: a word of <see cref="LedgerEvent.Undelivered"/>, or null. Statuses speak for themselves.</summary>
    public string? OfHead(AnswerHead head) =>
        !HasContent(head.Status) ? null
        : head.Headers.ContentLength == 0 ? LedgerEvent.Undelivered.Empty
        : IsOtherType(head.Headers.ContentType.ToString()) ? LedgerEvent.Undelivered.MediaType
        : null;

    /// <summary>What the end of an answer shows, where its head showed nothing.</summary>
    public string? OfEnd(PaidAttempt attempt) =>
        attempt.Head is not { Status: < 400 } head ? null
        : attempt.Ending is BodyEnding.Truncated ? LedgerEvent.Undelivered.Truncated
        : attempt.Ending is BodyEnding.Empty && HasContent(head.Status) ? LedgerEvent.Undelivered.Empty
        : null;

    /// <summary>The media type that the terms promise for the answer: <c>resource.mimeType</c> in version 2, the entry's own in version 1.</summary>
    public static string? PromisedType(Challenge challenge, PaymentOffer offer)
    {
        var text = offer.Version == 1 ? offer.Original : challenge.Resource;
        if (text is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.TryGetProperty("mimeType", out var member) && member.ValueKind is JsonValueKind.String && MediaTypeHeaderValue.TryParse(member.GetString(), out var type)
            ? type.MediaType
            : null;
    }

    // RFC 9110 15.3: 204 and 205 have no content, and 206 may be of another type; 3xx has nothing to show.
    private bool HasContent(int status) => status is >= 200 and < 300 and not (204 or 205 or 206) && !HttpMethods.IsHead(method);

    // An answer that names no type breaks no promise; a type with the same suffix is a kind of the promised one, but a problem is no answer (RFC 6839, RFC 9457).
    private bool IsOtherType(string contentType)
    {
        if (promisedType is null || !MediaTypeHeaderValue.TryParse(contentType, out var type) || type.MediaType is not { } actual)
        {
            return false;
        }

        var isKindOf = actual.EndsWith("+" + promisedType[(promisedType.IndexOf('/', StringComparison.Ordinal) + 1)..], StringComparison.OrdinalIgnoreCase)
            && !actual.StartsWith("application/problem+", StringComparison.OrdinalIgnoreCase);
        return !isKindOf && !actual.Equals(promisedType, StringComparison.OrdinalIgnoreCase);
    }
}
