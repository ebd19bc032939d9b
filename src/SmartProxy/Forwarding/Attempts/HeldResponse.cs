using System.IO.Compression;
using SmartProxy.Forwarding.Bodies;
using SmartProxy.Payments;

namespace SmartProxy.Forwarding.Attempts;

/// <summary>
/// An answer of 402 that is kept from the agent: head, first bytes, and the still open rest. It outlives the forwarder's exchange, so that it
/// can be handed on byte for byte after the payment flow has decided.
/// </summary>
internal sealed class HeldResponse : IDisposable
{
    /// <summary>Bytes of a body, both as they travel and decoded, that terms may take.</summary>
    public const int TermsBytes = 64 * 1024;

    private readonly HttpContent _content;
    private readonly byte[] _prefix;
    private readonly Stream _rest;

    private HeldResponse(HttpContent content, HeldAnswer answer, string? reasonPhrase, byte[] prefix, Stream rest)
    {
        (_content, Answer, ReasonPhrase, _prefix, _rest) = (content, answer, reasonPhrase, prefix, rest);
    }

    public HeldAnswer Answer { get; }

    public string? ReasonPhrase { get; }

    /// <summary>
    /// Takes a response's content over. The response is left with an empty one: its owner disposes that instead.
    /// </summary>
    /// <param name="response">The answer, its head read.</param>
    /// <param name="headers">Its headers, already passed through the rules.</param>
    /// <param name="time">How long the first bytes may take.</param>
    public static async ValueTask<HeldResponse> TakeAsync(HttpResponseMessage response, IHeaderDictionary headers, TimeSpan time)
    {
        var content = response.Content;
        response.Content = new ByteArrayContent([]);
        using var deadline = new CancellationTokenSource(time);
        var rest = await content.ReadAsStreamAsync(deadline.Token);
        var (prefix, isWhole) = await ReadPrefixAsync(rest, deadline.Token);

        // A coding with parameters or a chain of codings is no coding that terms come in.
        var (body, isDecoded) = Decode(prefix, headers.ContentEncoding.ToString());
        var answer = new HeldAnswer(new AnswerHead((int)response.StatusCode, headers), body, isWhole && isDecoded);
        return new HeldResponse(content, answer, response.ReasonPhrase, prefix, rest);
    }

    /// <summary>The body as it came, from its first byte.</summary>
    public Stream OpenBody() => new PrefixedStream(_prefix, _rest);

    public void Dispose() => _content.Dispose();

    private static async ValueTask<(byte[] Prefix, bool IsWhole)> ReadPrefixAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    // One byte beyond the limit tells a body of exactly that size from a larger one.
                    var larger = length >= TermsBytes ? TermsBytes + 1 : Math.Min(length * 4, TermsBytes);
                    if (length > TermsBytes)
                    {
                        return (buffer, false);
                    }

                    Array.Resize(ref buffer, larger);
                }

                var count = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (count == 0)
                {
                    return (buffer[..length], true);
                }

                length += count;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            return (buffer[..length], false);
        }
    }

    private static (ReadOnlyMemory<byte> Body, bool IsDecoded) Decode(byte[] bytes, string coding)
    {
        var input = new MemoryStream(bytes, writable: false);
        Stream? decoder = coding.ToUpperInvariant() switch
        {
            "" or "IDENTITY" => null,
            "GZIP" or "X-GZIP" => new GZipStream(input, CompressionMode.Decompress),
            "BR" => new BrotliStream(input, CompressionMode.Decompress),
            "DEFLATE" => new ZLibStream(input, CompressionMode.Decompress),
            _ => Stream.Null,
        };
        if (decoder is null)
        {
            return (bytes.AsMemory(0, Math.Min(bytes.Length, TermsBytes)), bytes.Length <= TermsBytes);
        }

        using (decoder)
        {
            return decoder == Stream.Null ? (default, false) : Inflate(decoder);
        }
    }

    private static (ReadOnlyMemory<byte> Body, bool IsDecoded) Inflate(Stream decoder)
    {
        var buffer = new byte[TermsBytes + 1];
        var length = 0;
        try
        {
            length = decoder.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return (buffer.AsMemory(0, Math.Min(length, TermsBytes)), length <= TermsBytes);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or IOException)
        {
            return (default, false);
        }
    }
}
