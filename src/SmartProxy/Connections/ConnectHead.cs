using System.Buffers;
using System.Text;
using SmartProxy.Forwarding.Headers;
using SmartProxy.Protocol;

namespace SmartProxy.Connections;

/// <summary>
/// The head of a CONNECT request (RFC 9110 9.3.6), the only HTTP that is parsed by hand here. Strict: authority form with a port, CRLF lines,
/// no folding, no body; a missing <c>Host</c> is tolerated, a different one is not.
/// </summary>
internal readonly record struct ConnectHead(HostName Host, int Port, string? ProxyAuthorization)
{
    private static ReadOnlySpan<byte> Verb => "CONNECT "u8;

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    /// <summary>Whether a connection's first bytes begin a CONNECT; null while there are too few to tell.</summary>
    public static bool? IsConnect(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[8];
        var length = (int)Math.Min(buffer.Length, first.Length);
        buffer.Slice(0, length).CopyTo(first);
        if (!Verb.StartsWith(first[..length]))
        {
            return false;
        }

        return length == Verb.Length ? true : null;
    }

    /// <summary>The number of bytes up to and with the blank line; null while it is missing.</summary>
    public static long? FindEnd(in ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        return reader.TryReadTo(out ReadOnlySequence<byte> _, End) ? reader.Consumed : null;
    }

    /// <param name="bytes">A head up to and with its blank line.</param>
    /// <param name="head">The head in its normal form.</param>
    public static bool TryParse(in ReadOnlySequence<byte> bytes, out ConnectHead head)
    {
        head = default;
        var lines = Encoding.Latin1.GetString(bytes).AsSpan();
        if (!TryReadLine(ref lines, out var line) || !TryParseRequestLine(line, out var host, out var port))
        {
            return false;
        }

        string? authorization = null;
        var (hasHost, hasEnded) = (false, false);
        while (TryReadLine(ref lines, out line) && !(hasEnded = line.IsEmpty))
        {
            var colon = line.IndexOf(':');
            if (colon < 0 || !HeaderRules.IsToken(line[..colon]) || HeaderRules.HasControls(line))
            {
                return false;
            }

            var name = line[..colon];
            var value = line[(colon + 1)..].Trim(" \t");
            if (Is(name, "Host"))
            {
                if (hasHost || !IsSameAuthority(value, host, port))
                {
                    return false;
                }

                hasHost = true;
            }
            else if (Is(name, "Proxy-Authorization"))
            {
                if (authorization is not null)
                {
                    return false;
                }

                authorization = value.ToString();
            }
            else if (Is(name, "Transfer-Encoding") || (Is(name, "Content-Length") && value is not "0"))
            {
                return false;
            }
        }

        head = new ConnectHead(host, port, authorization);
        return hasEnded && lines.IsEmpty;
    }

    /// <summary>A head holds a credential: it never prints itself.</summary>
    public override string ToString() => $"CONNECT {Host.ToAuthority()}";

    private static bool TryParseRequestLine(ReadOnlySpan<char> line, out HostName host, out int port)
    {
        (host, port) = (default, 0);
        if (!line.StartsWith("CONNECT ", StringComparison.Ordinal))
        {
            return false;
        }

        var rest = line["CONNECT ".Length..];
        var space = rest.IndexOf(' ');
        return space > 0
            && rest[(space + 1)..] is "HTTP/1.1" or "HTTP/1.0"
            && Ascii.IsValid(rest)
            && Origin.TryParseAuthority(rest[..space].ToString(), defaultPort: 0, out host, out port)
            && port != 0;
    }

    private static bool IsSameAuthority(ReadOnlySpan<char> value, HostName host, int port) =>
        Ascii.IsValid(value)
        && Origin.TryParseAuthority(value.ToString(), port, out var named, out var namedPort)
        && named == host
        && namedPort == port;

    private static bool Is(ReadOnlySpan<char> name, string expected) => name.Equals(expected, StringComparison.OrdinalIgnoreCase);

    // Lines end in CRLF and hold neither alone.
    private static bool TryReadLine(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> line)
    {
        var end = text.IndexOfAny('\r', '\n');
        if (end < 0 || end + 1 >= text.Length || text[end] != '\r' || text[end + 1] != '\n')
        {
            line = default;
            return false;
        }

        line = text[..end];
        text = text[(end + 2)..];
        return true;
    }
}
