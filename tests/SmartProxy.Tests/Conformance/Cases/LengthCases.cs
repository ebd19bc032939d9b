using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Where a body ends: Content-Length and Transfer-Encoding (RFC 9112 6, RFC 9110 8.6).</summary>
internal static class LengthCases
{
    public static IEnumerable<RequestCase> All =>
    [
        Ok("a body with its length", "9112 6.2", Post("Content-Length: 5", "hello"), "¶Content-Length: 5¶") with { Content = "hello" },
        Ok("a body of no bytes", "9112 6.2", Post("Content-Length: 0", ""), "¶Content-Length: 0¶") with { Content = "" },
        Ok("a POST without any length", "9112 6.3", "POST {o}/ HTTP/1.1¶Host: {h}¶¶") with { Content = "" },
        Ok("a GET with a body", "9110 9.3.1", "GET {o}/ HTTP/1.1¶Host: {h}¶Content-Length: 5¶¶hello", "¶Content-Length: 5¶") with { Content = "hello" },
        Ok("a DELETE with a body", "9110 9.3.5", "DELETE {o}/ HTTP/1.1¶Host: {h}¶Content-Length: 5¶¶hello") with { Content = "hello" },
        Ok("blanks around a length", "9112 5.1", Post("Content-Length: \t 5 ", "hello"), "¶Content-Length: 5¶") with { Content = "hello" },
        Ok("a length with leading zeros", "9110 8.6", Post("Content-Length: 0005", "hello"), "¶Content-Length: 5¶") with { Content = "hello" },
        .. new[] { "+5", "-5", "-0", "0x5", "5,5", "5, 5", "5 5", "5;", "5.0", "1e1", "five", "", "0b1", "5_0", "\u00b2", "\"5\"", "99999999999999999999", "9223372036854775808", "18446744073709551621", "5\u00a0", "\u000b5", "0005 0" }
            .Select(value => No($"a length of `{value}`", "9112 6.3", Post($"Content-Length: {value}", "hello"))),
        No("two lengths that differ", "9112 6.3", Post("Content-Length: 5¶Content-Length: 6", "hello!")),
        No("two lengths that agree", "9112 6.3", Post("Content-Length: 5¶Content-Length: 5", "hello")) with { Lenience = "repeated-length" },
        No("a length with a space before its colon", "9112 5.1", Post("Content-Length : 5", "hello")),
        No("a folded length", "9112 5.2", Post("Content-Length:¶ 5", "hello")),
        No("a length and chunks", "9112 6.1", Post("Content-Length: 5¶Transfer-Encoding: chunked", "0¶¶")) with { Lenience = "both-framings" },
        No("chunks and a length", "9112 6.1", Post("Transfer-Encoding: chunked¶Content-Length: 5", "0¶¶")) with { Lenience = "both-framings" },
        No("chunks and a length of 0", "9112 6.1", Post("Transfer-Encoding: chunked¶Content-Length: 0", "0¶¶")) with { Lenience = "both-framings" },
        No("bytes behind a body are the next request, and none", "9112 9.3.2", Post("Content-Length: 5", "helloworld¶¶"), 200) with { Closes = true },

        Ok("chunks in capitals", "9112 6.1", Post("Transfer-Encoding: CHUNKED", "5¶hello¶0¶¶"), "¶Transfer-Encoding: chunked¶") with { Content = "hello" },
        No("a coding before chunked", "9112 6.1", Post("Transfer-Encoding: gzip, chunked", "0¶¶"), 501),
        No("a coding in a line of its own before chunked", "9112 6.1", Post("Transfer-Encoding: gzip¶Transfer-Encoding: chunked", "0¶¶"), 501),
        No("identity before chunked", "9112 6.1", Post("Transfer-Encoding: identity, chunked", "0¶¶"), 501),
        No("chunked and nothing in a list", "9112 6.1", Post("Transfer-Encoding: chunked,", "0¶¶")),
        No("nothing and chunked in a list", "9112 6.1", Post("Transfer-Encoding: , chunked", "0¶¶")),
        No("chunked twice in a list", "9112 6.1", Post("Transfer-Encoding: chunked, chunked", "0¶¶")),
        No("chunked in two lines", "9112 6.1", Post("Transfer-Encoding: chunked¶Transfer-Encoding: chunked", "0¶¶")),
        .. new[] { "gzip", "identity", "", "xchunked", "chunkedx", "chunk", "chunked;q=1", "chunked; a=b", "\"chunked\"", "'chunked'", "chun ked", "chunked, gzip", "chunked identity", "\u000bchunked", "chunked\u000b", "\u00a0chunked", "chunked\0" }
            .Select(value => No($"a transfer coding of `{value}`", "9112 6.3", Post($"Transfer-Encoding: {value}", "0¶¶"))),
        No("a coding with a space before its colon", "9112 5.1", Post("Transfer-Encoding : chunked", "0¶¶")),
        No("a folded coding", "9112 5.2", Post("Transfer-Encoding:¶ chunked", "0¶¶")),
        No("a coding in version 1.0", "9112 6.1", "POST {o}/ HTTP/1.0¶Host: {h}¶Transfer-Encoding: chunked¶¶0¶¶"),
        No("a coding and a length in version 1.0", "9112 6.1", "POST {o}/ HTTP/1.0¶Host: {h}¶Connection: keep-alive¶Content-Length: 5¶Transfer-Encoding: chunked¶¶0¶¶"),
        Ok("a length in version 1.0", "9112 6.2", "POST {o}/ HTTP/1.0¶Host: {h}¶Content-Length: 5¶¶hello") with { Content = "hello", Closes = true },
    ];
}
