using System.Globalization;
using System.Text;

namespace SmartProxy.Tests.Conformance;

/// <summary>What is on a wire is not what RFC 9112 allows.</summary>
internal sealed class WireException(string message) : Exception(message);

/// <summary>One HTTP/1 message as it stood on the wire.</summary>
/// <param name="Start">The request line or status line.</param>
/// <param name="Fields">Field lines in their order.</param>
/// <param name="Body">The content, with its framing taken off.</param>
/// <param name="Trailers">Trailer lines of a chunked body.</param>
/// <param name="Raw">Head and body as they came.</param>
internal sealed record WireMessage(string Start, IReadOnlyList<(string Name, string Value)> Fields, string Body, IReadOnlyList<string> Trailers, string Raw)
{
    public int Status => int.Parse(Start.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);

    public string Target => Start.Split(' ')[1];

    public string[] Values(string name) => [.. Fields.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(f => f.Value)];

    public bool Has(string name) => Values(name).Length > 0;
}

/// <summary>
/// Reads HTTP/1 messages from a stream, one byte at a time where it matters and with no lenience at all: a second opinion on everything that
/// leaves the proxy. It shares no code with the product or its server.
/// </summary>
internal sealed class WireReader(Stream stream)
{
    private const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly StringBuilder _raw = new();
    private int _start;
    private int _end;

    /// <summary>Bytes that were read and belong to no message yet.</summary>
    public int Left => _end - _start;

    /// <summary>Whether a request has begun and has not ended.</summary>
    public bool IsWithinRequest => _raw.Length > 0;

    /// <summary>What has come of the message that is being read.</summary>
    public string Begun => _raw.ToString();

    /// <summary>The next request, or null at the end of the connection.</summary>
    public async Task<WireMessage?> ReadRequestAsync(Func<WireMessage, Task>? beforeBody, CancellationToken cancellationToken)
    {
        if (await ReadHeadAsync(cancellationToken) is not { } head)
        {
            return null;
        }

        var parts = head.Start.Split(' ');
        Require(parts.Length == 3 && IsToken(parts[0]) && parts[1].Length > 0 && parts[2] == "HTTP/1.1", $"no request line: `{head.Start}`");
        Require(head.Values("Host").Length == 1, "no single Host");
        await (beforeBody?.Invoke(head) ?? Task.CompletedTask);
        var request = await ReadBodyAsync(head, hasBody: head.Has("Transfer-Encoding") || head.Has("Content-Length"), toEnd: false, cancellationToken);
        _raw.Clear();
        return request;
    }

    /// <summary>The next response, or null at the end of the connection. A body that is cut off is a <see cref="WireException"/>.</summary>
    public async Task<WireMessage?> ReadResponseAsync(string method, CancellationToken cancellationToken)
    {
        if (await ReadHeadAsync(cancellationToken) is not { } head)
        {
            return null;
        }

        Require(head.Start.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && head.Start.Length >= 13 && head.Start.AsSpan(9, 3).IndexOfAnyExceptInRange('0', '9') < 0 && head.Start[12] == ' ', $"no status line: `{head.Start}`");
        var isEmpty = head.Status is < 200 or 204 or 304 || method == "HEAD";
        var isFramed = head.Has("Transfer-Encoding") || head.Has("Content-Length");
        return await ReadBodyAsync(head, hasBody: !isEmpty, toEnd: !isEmpty && !isFramed, cancellationToken);
    }

    private async Task<WireMessage?> ReadHeadAsync(CancellationToken cancellationToken)
    {
        _raw.Clear();
        if (!await FillAsync(cancellationToken))
        {
            return null;
        }

        var start = await ReadLineAsync(cancellationToken);
        var fields = new List<(string, string)>();
        for (string line; (line = await ReadLineAsync(cancellationToken)).Length > 0;)
        {
            fields.Add(Split(line));
        }

        return new WireMessage(start, fields, "", [], _raw.ToString());
    }

    private async Task<WireMessage> ReadBodyAsync(WireMessage head, bool hasBody, bool toEnd, CancellationToken cancellationToken)
    {
        var (codings, lengths) = (head.Values("Transfer-Encoding"), head.Values("Content-Length"));
        Require(codings.Length + lengths.Length <= 1, "ambiguous framing");
        Require(lengths.Length == 0 || (lengths[0].Length is > 0 and < 19 && lengths[0].All(char.IsAsciiDigit)), "no number as length");
        Require(codings.Length == 0 || codings[0] == "chunked", "another coding than chunked");
        if (!hasBody)
        {
            return head;
        }

        var body = new StringBuilder();
        var trailers = new List<string>();
        if (toEnd)
        {
            while (await FillAsync(cancellationToken))
            {
                body.Append(Encoding.Latin1.GetString(_buffer, _start, Left));
                Take(Left);
            }
        }
        else if (codings.Length == 1)
        {
            await ReadChunksAsync(body, trailers, cancellationToken);
        }
        else
        {
            await ReadExactlyAsync(body, long.Parse(lengths[0], CultureInfo.InvariantCulture), cancellationToken);
        }

        return head with { Body = body.ToString(), Trailers = trailers, Raw = _raw.ToString() };
    }

    private async Task ReadChunksAsync(StringBuilder body, List<string> trailers, CancellationToken cancellationToken)
    {
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            Require(line.Length is > 0 and <= 8 && line.All(char.IsAsciiHexDigit), $"no chunk size: `{line}`");
            var size = long.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                break;
            }

            await ReadExactlyAsync(body, size, cancellationToken);
            Require(await ReadLineAsync(cancellationToken) == "", "no line end after a chunk");
        }

        for (string line; (line = await ReadLineAsync(cancellationToken)).Length > 0;)
        {
            Split(line);
            trailers.Add(line);
        }
    }

    private async Task ReadExactlyAsync(StringBuilder body, long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            Require(await FillAsync(cancellationToken), "the body was cut off");
            var here = (int)Math.Min(count, Left);
            body.Append(Encoding.Latin1.GetString(_buffer, _start, here));
            Take(here);
            count -= here;
        }
    }

    // A line ends in CRLF and holds no other control characters.
    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            Require(await FillAsync(cancellationToken), "a line was cut off");
            var c = (char)_buffer[_start];
            Take(1);
            if (c == '\n' && line.Length > 0 && line[^1] == '\r')
            {
                line.Length--;
                var text = line.ToString();
                Require(!text.Any(x => (x < 32 && x != '\t') || x == 127), $"control characters: `{text}`");
                return text;
            }

            line.Append(c);
        }
    }

    private static (string Name, string Value) Split(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        Require(colon > 0 && IsToken(line[..colon]), $"no field: `{line}`");
        return (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
    }

    private static bool IsToken(string text) => text.Length > 0 && text.All(c => Token.Contains(c, StringComparison.Ordinal));

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (Left > 0)
        {
            return true;
        }

        try
        {
            (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
            return _end > 0;
        }
        catch (IOException)
        {
            (_start, _end) = (0, 0);
            return false;
        }
    }

    private void Take(int count)
    {
        _raw.Append(Encoding.Latin1.GetString(_buffer, _start, count));
        _start += count;
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new WireException(otherwise);
        }
    }
}
