namespace SmartProxy.Protocol.Mpp;

/// <summary>
/// Detects payments that an agent makes by itself: they would leave past every budget. Each method returns the name of the form it found, or
/// null. Forms: x402 headers, the HTTP authentication schemes <c>Payment</c> (MPP), <c>L402</c> and <c>LSAT</c>, payments inside JSON-RPC and A2A
/// bodies, and MPP over WebSocket. Doubt is resolved towards finding.
/// </summary>
public static class PaymentCredentials
{
    private static readonly string[] PaymentHeaders = ["PAYMENT-SIGNATURE", "X-PAYMENT", "Payment-Authorization"];

    private static readonly string[] PaymentSchemes = ["Payment", "L402", "LSAT"];

    /// <param name="headerValues">Every field line of a request header, in order; empty when absent.</param>
    public static string? FindInHeaders(Func<string, IReadOnlyList<string>> headerValues)
    {
        if (PaymentHeaders.FirstOrDefault(name => headerValues(name).Count > 0) is { } header)
        {
            return header;
        }

        foreach (var line in headerValues("Authorization"))
        {
            if (PaymentSchemes.FirstOrDefault(scheme => AuthorizationField.Names(line, scheme)) is { } scheme)
            {
                return $"Authorization: {scheme}";
            }
        }

        return null;
    }

    /// <summary>Payments inside a JSON-RPC or A2A body, alone or in a batch. A body that is not JSON holds none.</summary>
    /// <param name="body">As much of the body as there is; UTF-8.</param>
    public static string? FindInBody(ReadOnlySpan<byte> body)
    {
        // Every name that we look for holds this word, unless its letters are escaped. Almost all bodies end here.
        var mayHold = body.IndexOf("ayment"u8) >= 0 || body.IndexOf("\\u"u8) >= 0;
        return mayHold ? new CredentialScanner(body, isFrame: false).Find() : null;
    }

    /// <summary>A WebSocket text message: an MPP authorization frame, or any form of <see cref="FindInBody"/>.</summary>
    public static string? FindInFrame(ReadOnlySpan<byte> message) => new CredentialScanner(message, isFrame: true).Find();
}
