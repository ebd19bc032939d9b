namespace SmartProxy.Tests.Conformance;

/// <summary>
/// Requests that hide a second request in what one reader takes for a body and another does not. Generated, not listed: every way to disturb a
/// framing header, times every place to hide, always in the same order, so that a number names a mutation for ever.
/// </summary>
internal static class SmugglingMutations
{
    private const string Hidden = "GET {o}/smuggled HTTP/1.1¶Host: {h}¶X-Tag: smuggled¶{a}¶";

    private static readonly string[] Blanks = ["", " ", "\t", "  ", "\u000b", "\u000c", "\u00a0", "\0", "\r", "\n", "\r\n ", "\r\n\t", "\n ", "\u0001", "\u007f", "\u0085", "\u00ad", "\u00ff"];

    private static readonly string[] Codings =
    [
        "Chunked", "cHuNkEd", "chunked,", ",chunked", "chunked;", "chunked;x=y", "\"chunked\"", "'chunked'", "xchunked", "chunkedx", "chunk", "chunke", "identity", "identity, chunked", "chunked, identity",
        "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked chunked", "chunked\tchunked", "cow", "cow, chunked", "chunked, cow", "=chunked", "chunked=", "(chunked)", "<chunked>", "chun\u00ffked", "%63hunked",
        "chunked/1", "deflate", "*", "x", "", "trailers", "0", "chunked\\", "\\chunked", "chunk ed", "ch\u00fcnked", "CHUNKED,CHUNKED", "chunked:", ":chunked", "chunked#", "@chunked",
    ];

    private static readonly string[] Lengths =
    [
        "+{n}", "-{n}", "-0", "+0", "0x{x}", "{n}.0", "{n},{n}", "{n}, {n}", "{n},0", "0,{n}", "{n} {n}", "{n};", "{n};x=y", "\"{n}\"", "'{n}'", "{n}e0", "0{n}", "000000{n}", "{n}_", "_{n}", "{n}a", "a{n}", "", "NaN", "infinity",
        "18446744073709551616", "9223372036854775808", "4294967296", "{n}\u00b2", "\u00b2", "(1)", "{n}/1", "0b1", "0o1", "1_0", "{n}L", "{n}#", "{n}%", "%30", "{n}\\",
    ];

    private static readonly string[] Names =
        ["_", "-", ".", "~", " ", "\t", "\0", "\u000b", "\u00a0", ":", "\"", "/", "\\", "(", ";", ",", "{", "\r", "\n", "\u007f", "\u00ad"];

    private static readonly string[] Sizes =
    [
        "0x0", "-0", "+0", "00", "0000000000000000", "00000000000000000000000000000000", "0;", "0;x", "0;x=y", "0;\n", "0;\r", "0;\rx", "0;x\ny", "0;\0", "0 ;x", "0\t", "0 ", " 0", "\t0", "0\n", "0\r", "\n0", "\r0", "0\0", "0_", "0.", "0,", "0\u000b", "\u000b0", "0\u00a0", "\u00a00",
        "10000000000000000", "FFFFFFFFFFFFFFFF", "8000000000000000", "7FFFFFFFFFFFFFFF", "80000000", "100000000", "g", "", "0h", "0x", "\"0\"", "0\\", "0:", "0#", "0\u0001", "0\u007f", "0;x=\"\r\n\"", "0;x=\"\n\"", "0\n\r", "0;\r\r", "1;\n0",
    ];

    private static readonly string[] Ends = ["¶¶", "\n\n", "\r\r", "\n¶", "¶\n", "¶\r", "\r¶", "¶ ¶", "¶\t¶", "¶X: y¶¶", "¶X¶¶", "¶X : y¶¶", "¶X: y\n¶", "¶X: y¶ z¶¶", "¶Content-Length: 5¶¶", "¶Transfer-Encoding: chunked¶¶", "\0¶¶", "¶\0¶", "¶:¶¶", "¶X(Y): 1¶¶"];

    private static readonly string[] Prefixes =
        ["\r", "\n", "\r\r\n", "\n\n", " ", "\t", "\0", "\u000b", "\u00ef\u00bb\u00bf", "X", "¶¶¶¶", "¶ ", "HTTP/1.1 200 OK¶¶", "0¶¶", "\u0016\u0003\u0001", "PRI * HTTP/2.0¶¶SM¶¶", "\u007f", "\u0001"];

    /// <summary>All of them, with a name that says what was done.</summary>
    public static IReadOnlyList<(string Name, string Bytes)> All { get; } = [.. Generate().DistinctBy(m => m.Bytes)];

    private static IEnumerable<(string Name, string Bytes)> Generate() =>
    [
        .. Headers().SelectMany(h => Hidings().Select(b => ($"{h.Name}, {b.Name}", Post(h.Line.Replace("{rest}", b.Beside, StringComparison.Ordinal), b.Body)))),
        .. LengthHeaders().Select(h => (h.Name, Post(h.Line, Hidden))),
        .. Sizes.Select(size => ($"the size `{Show(size)}`", Post("Transfer-Encoding: chunked", $"5¶hello¶{size}¶¶{Hidden}"))),
        .. Sizes.Select(size => ($"the first size `{Show(size)}`", Post("Transfer-Encoding: chunked", $"{size}¶{Hidden}¶0¶¶"))),
        .. Ends.Select(end => ($"the end `{Show(end)}`", Post("Transfer-Encoding: chunked", $"5¶hello¶0{end}{Hidden}"))),
        .. Ends.Select(end => ($"the end of a chunk `{Show(end)}`", Post("Transfer-Encoding: chunked", $"5¶hello{end}0¶¶{Hidden}"))),
        .. Ends.Select(end => ($"the end of the head `{Show(end)}`", $"POST {{o}}/mine HTTP/1.1¶Host: {{h}}¶X-Tag: mine¶Connection: close¶{{a}}Content-Length: 0{end}{Hidden}")),
        .. Prefixes.Select(prefix => ($"before everything `{Show(prefix)}`", $"{prefix}POST {{o}}/mine HTTP/1.1¶Host: {{h}}¶X-Tag: mine¶Content-Length: 0¶Connection: close¶{{a}}¶{Hidden}")),
        .. Prefixes.Select(prefix => ($"before the hidden request `{Show(prefix)}`", $"POST {{o}}/mine HTTP/1.1¶Host: {{h}}¶X-Tag: mine¶Content-Length: {{n}}¶Transfer-Encoding: chunked¶{{a}}¶{prefix}{Hidden}")),
        .. Targets(),
    ];

    /// <summary>Transfer-Encoding in every disturbed form.</summary>
    private static IEnumerable<(string Name, string Line)> Headers() =>
    [
        .. Codings.Select(coding => ($"the coding `{Show(coding)}`", $"Transfer-Encoding: {coding}{{rest}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the coding", $"Transfer-Encoding:{blank}chunked{{rest}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` behind the coding", $"Transfer-Encoding: chunked{blank}{{rest}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the colon", $"Transfer-Encoding{blank}: chunked{{rest}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the name", $"{blank}Transfer-Encoding: chunked{{rest}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` inside the coding", $"Transfer-Encoding: chu{blank}nked{{rest}}")),
        .. Names.Select(mark => ($"`{Show(mark)}` for the hyphen", $"Transfer{mark}Encoding: chunked{{rest}}")),
        .. Codings.Take(30).Select(coding => ($"chunked, and then `{Show(coding)}`", $"Transfer-Encoding: chunked¶Transfer-Encoding: {coding}{{rest}}")),
        .. Codings.Take(30).Select(coding => ($"`{Show(coding)}`, and then chunked", $"Transfer-Encoding: {coding}¶Transfer-Encoding: chunked{{rest}}")),
    ];

    /// <summary>Where the second request hides, and what stands beside the disturbed header.</summary>
    private static IEnumerable<(string Name, string Beside, string Body)> Hidings() =>
    [
        ("a length over all", "¶Content-Length: {all}", $"0¶¶{Hidden}"),
        ("a length over the chunk end", "¶Content-Length: 5", $"0¶¶{Hidden}"),
        ("no length", "", $"0¶¶{Hidden}"),
    ];

    private static IEnumerable<(string Name, string Line)> LengthHeaders() =>
    [
        .. Lengths.Select(length => ($"the length `{Show(length)}`", $"Content-Length: {length}")),
        .. Lengths.Select(length => ($"0, and then the length `{Show(length)}`", $"Content-Length: 0¶Content-Length: {length}")),
        .. Lengths.Select(length => ($"the length `{Show(length)}`, and then 0", $"Content-Length: {length}¶Content-Length: 0")),
        .. Lengths.Select(length => ($"the length `{Show(length)}` and chunked", $"Content-Length: {length}¶Transfer-Encoding: chunked")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the colon of the length", $"Content-Length{blank}: {{n}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the length", $"Content-Length:{blank}{{n}}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` behind the length", $"Content-Length: {{n}}{blank}")),
        .. Blanks.Select(blank => ($"`{Show(blank)}` before the name of the length", $"{blank}Content-Length: {{n}}")),
        .. Names.Select(mark => ($"`{Show(mark)}` for the hyphen of the length", $"Content{mark}Length: {{n}}")),
    ];

    // Line breaks in whatever is copied from one message into the other.
    private static IEnumerable<(string Name, string Bytes)> Targets() =>
        from mark in (string[])["\r", "\n", "\r\n", "\0", "%0d%0a", "\u0085", "\u000b", "\u008a"]
        from place in (string[])["GET {o}/mine{x} HTTP/1.1¶Host: {h}¶X-Tag: mine¶{a}¶", "GET {o}/mine HTTP/1.1¶Host: {h}{x}¶X-Tag: mine¶{a}¶", "GET {o}/mine HTTP/1.1¶Host: {h}¶X-Tag: mine{x}¶{a}¶", "GET{x} {o}/mine HTTP/1.1¶Host: {h}¶X-Tag: mine¶{a}¶", "GET {o}/mine HTTP/1.1{x}¶Host: {h}¶X-Tag: mine¶{a}¶", "GET {o}/mine HTTP/1.1¶Host: {h}¶X-Tag: mine¶{a}Via: x{x}¶¶"]
        select ($"`{Show(mark)}` in {place.IndexOf("{x}", StringComparison.Ordinal)}", place.Replace("{x}", mark + "GET {o}/smuggled HTTP/1.1", StringComparison.Ordinal));

    // The request ends its connection: whatever is read behind it was no request of the agent's.
    private static string Post(string lines, string body) => $"POST {{o}}/mine HTTP/1.1¶Host: {{h}}¶X-Tag: mine¶Connection: close¶{{a}}{lines}¶¶{body}";

    private static string Show(string text) => string.Concat(text.Select(c => c is > ' ' and < '\x7f' ? c.ToString() : $"\\x{(int)c:x2}"));
}
