using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Field lines (RFC 9112 5, RFC 9110 5).</summary>
internal static class FieldCases
{
    private static readonly (int Code, string Name)[] Controls =
        [(0, "NUL"), (1, "SOH"), (7, "BEL"), (8, "BS"), (11, "VT"), (12, "FF"), (14, "SO"), (27, "ESC"), (31, "US"), (127, "DEL")];

    public static IEnumerable<RequestCase> All =>
    [
        .. "()<>@,;\\\"/[]?={} ".Select(mark => No($"a field name with `{mark}`", "9110 5.1", With($"X{mark}Y: 1"))),
        No("a field name with a tab", "9110 5.1", With("X\tY: 1")),
        No("a field name with a byte outside ASCII", "9110 5.1", With("X\u00e9: 1")),
        No("a field name with a control character", "9110 5.1", With("X\u0001: 1")),
        No("a field name with NUL", "9110 5.1", With("X\0Y: 1")),
        No("an empty field name", "9110 5.1", With(": 1")),
        No("a line without a colon", "9112 5", With("X")),
        No("a space before the colon", "9112 5.1", With("X : 1")),
        No("a tab before the colon", "9112 5.1", With("X\t: 1")),
        No("a blank before the first field", "9112 2.2", "GET {o}/ HTTP/1.1¶ X: 1¶Host: {h}¶¶"),
        No("a line folded with a space", "9112 5.2", With("X: a¶ b")),
        No("a line folded with a tab", "9112 5.2", With("X: a¶\tb")),
        No("a bare LF ends a field line", "9112 2.2", With("X: a\nY: b")),
        No("a bare LF ends the head", "9112 2.2", "GET {o}/ HTTP/1.1¶Host: {h}¶{a}X: a¶\n"),
        No("a bare CR in a value", "9112 2.2", With("X: a\rY: b")),
        No("a CR before CRLF", "9112 2.2", With("X: a\r")),
        No("LF and CR the wrong way round", "9112 2.2", With("X: a\n\rY: b")),
        .. Controls.Select(c => No($"a value with {c.Name}", "9110 5.5", With($"X: a{(char)c.Code}b"))),

        Ok("a field name with every mark of a token", "9110 5.1", With("X!#$%&'*+-.^_`|~9: 1"), "¶X!#$%&'*+-.^_`|~9: 1¶"),
        Ok("blanks around a value", "9112 5.1", With("X: \t a b \t "), "¶X: a b¶"),
        Ok("no blank before a value", "9112 5.1", With("X:a"), "¶X: a¶"),
        Ok("a tab inside a value", "9110 5.5", With("X: a\tb"), "¶X: a\tb¶"),
        Ok("an empty value", "9110 5.5", With("X:"), "¶X:"),
        Ok("bytes outside ASCII in a value", "9110 5.5", With("X: caf\u00e9 \u0080\u00ff"), "¶X: caf\u00e9 \u0080\u00ff¶"),
        Ok("marks in a value", "9110 5.5", With("X: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "¶X: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¶"),
        Ok("two lines of one name stay in order", "9110 5.3", With("X: a¶X: b"), "¶X: a"),
        Ok("an empty line of a list", "9110 5.6.1", With("Accept: text/html, , */*"), "¶Accept: text/html, , */*¶"),
        Ok("Cookie stays one line", "9110 5.3", With("Cookie: a=b; c=d"), "¶Cookie: a=b; c=d¶"),
        Ok("a date that is none", "9110 5.6.7", With("If-Modified-Since: yesterday"), "¶If-Modified-Since: yesterday¶"),
        Ok("a type that is none", "9110 8.3", With("Accept: nonsense;;"), "¶Accept: nonsense;;¶"),
        Ok("a range", "9110 14.2", With("Range: bytes=0-1,5-"), "¶Range: bytes=0-1,5-¶"),
        Ok("conditions", "9110 13.1", With("If-None-Match: \"a\", W/\"b\"¶If-Match: *"), "¶If-None-Match: \"a\", W/\"b\"¶"),
        Ok("User-Agent as it is", "9110 10.1.5", With("User-Agent: a/1 (b; (c)) d"), "¶User-Agent: a/1 (b; (c)) d¶"),
        Ok("no field of ours beside Host and Via", "9110 7.6.3", With("X: y")) with { Hides = ["X-Forwarded", "Forwarded:", "User-Agent", "Accept", "¶Proxy-", "Date:"] },
        Ok("a value of 60,000 bytes", "9112 5", With("X: " + new string('a', 60_000))),
        Ok("150 fields", "9112 5", With(string.Join("¶", Enumerable.Range(0, 150).Select(i => $"X{i}: {i}"))), "¶X149: 149¶"),
        No("more fields than the limit", "9110 5.4", With(string.Join("¶", Enumerable.Range(0, 300).Select(i => $"X{i}: {i}"))), 431),
        No("more bytes of fields than the limit", "9110 5.4", With("X: " + new string('a', 200_000)), 431),
        No("a name like Content-Length with an underscore", "9112 6.3", Post("Content_Length: 5", "hello")) with { Lenience = "look-alikes" },
        No("a name like Transfer-Encoding with an underscore", "9112 6.3", Post("Transfer_Encoding: chunked", "0¶¶")) with { Lenience = "look-alikes" },
    ];
}
