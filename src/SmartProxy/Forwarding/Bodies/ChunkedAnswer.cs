using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using SmartProxy.Forwarding.Headers;

namespace SmartProxy.Forwarding.Bodies;

/// <summary>
/// An answer to an HTTP/1.1 agent whose origin has trailers to send: the server writes chunks by itself but knows no trailers there, so that
/// here the chunks are ours (RFC 9112 7.1). An answer that breaks off has no last chunk.
/// </summary>
internal sealed class ChunkedAnswer(Stream inner) : ForwardOnlyStream
{
    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();

    public override bool CanWrite => true;

    /// <summary>Whether an answer is to be written so: the agent can read chunks, and the origin or the agent has spoken of trailers.</summary>
    public static bool IsWanted(HttpRequest request, HttpResponseMessage response) =>
        HttpProtocol.IsHttp11(request.Protocol)
        && !HttpMethods.IsHead(request.Method)
        && (int)response.StatusCode is >= 200 and not (204 or 205 or 304)
        && !response.Content.Headers.NonValidated.Contains("Content-Length")
        && (response.Headers.NonValidated.Contains("Trailer") || AsksForTrailers(request));

    /// <summary>Whether an agent has said that it reads trailers (RFC 9110 10.1.4).</summary>
    public static bool AsksForTrailers(HttpRequest request) =>
        request.Headers.TE.Count > 0 && request.Headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes the body of a response over.</summary>
    public static ChunkedAnswer TakeOver(HttpResponse response)
    {
        response.Headers.TransferEncoding = "chunked";
        var body = new ChunkedAnswer(response.Body);
        response.Body = body;
        return body;
    }

    /// <summary>Writes the last chunk and the trailers that may travel.</summary>
    public async ValueTask EndAsync(HttpHeadersNonValidated trailers, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("0\r\n");
        foreach (var (name, values) in trailers)
        {
            foreach (var value in HeaderRules.TravelsToAgent(name) ? values : default)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            }
        }

        await inner.WriteAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()), cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A chunk of no bytes would be the last one.
        if (buffer.IsEmpty)
        {
            return;
        }

        var size = new byte[10];
        buffer.Length.TryFormat(size, out var length, "x", CultureInfo.InvariantCulture);
        LineEnd.CopyTo(size, length);
        await inner.WriteAsync(size.AsMemory(0, length + LineEnd.Length), cancellationToken);
        await inner.WriteAsync(buffer, cancellationToken);
        await inner.WriteAsync(LineEnd, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();
}
