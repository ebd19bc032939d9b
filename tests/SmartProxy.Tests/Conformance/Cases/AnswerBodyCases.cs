using static SmartProxy.Tests.Conformance.ResponseCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Where an answer ends (RFC 9112 6 to 8), and what may follow it.</summary>
internal static class AnswerBodyCases
{
    public static IEnumerable<ResponseCase> All =>
    [
        Ok("a body with its length", "9112 6.2", Framed("Content-Length: 2", "ok"), "¶Content-Length: 2¶"),
        Ok("a body of no bytes", "9112 6.2", Framed("Content-Length: 0", ""), "¶Content-Length: 0¶") with { Content = "" },
        Ok("a body up to the end of the connection", "9112 6.3", Framed("X: y", "ok")) with { Ends = true, IsSpoilt = true },
        Ok("chunks", "9112 7.1", Framed("Transfer-Encoding: chunked", "1¶o¶1¶k¶0¶¶"), "¶Transfer-Encoding: chunked¶"),
        Ok("chunks in capitals", "9112 6.1", Framed("Transfer-Encoding: CHUNKED", "2¶ok¶0¶¶")),
        Ok("chunk extensions", "9112 7.1.1", Framed("Transfer-Encoding: chunked", "2;a=b¶ok¶0;c¶¶")),
        Ok("a length with leading zeros", "9110 8.6", Framed("Content-Length: 002", "ok")),
        .. new[] { "+2", "-2", "0x2", "2, 2", "2,2", "2 2", "2;", "two", "", "99999999999999999999", "9223372036854775808" }
            .Select(value => No($"a length of `{value}`", "9112 6.3", Framed($"Content-Length: {value}", "ok"))),
        No("two lengths that differ", "9112 6.3", Framed("Content-Length: 2¶Content-Length: 3", "ok!")),
        No("two lengths that agree", "9112 6.3", Framed("Content-Length: 2¶Content-Length: 2", "ok")) with { Lenience = "repeated-length" },
        No("a length and chunks", "9112 6.3", Framed("Content-Length: 2¶Transfer-Encoding: chunked", "2¶ok¶0¶¶")),
        No("chunks and a length", "9112 6.3", Framed("Transfer-Encoding: chunked¶Content-Length: 2", "2¶ok¶0¶¶")),
        No("chunks in version 1.0", "9112 6.1", "HTTP/1.0 200 OK¶Transfer-Encoding: chunked¶¶2¶ok¶0¶¶") with { Ends = true },
        .. new[] { "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked", "chunked;q=1" }
            .Select(value => No($"a transfer coding of `{value}`", "9112 6.1", Framed($"Transfer-Encoding: {value}", "2¶ok¶0¶¶")) with { Ends = true }),
        Ok("nothing and chunked in a list", "9110 5.6.1", Framed("Transfer-Encoding: , chunked", "2¶ok¶0¶¶")),
        No("chunked in two lines", "9112 6.1", Framed("Transfer-Encoding: chunked¶Transfer-Encoding: chunked", "2¶ok¶0¶¶")),

        Torn("a body that is shorter than its length", Framed("Content-Length: 20", "ok")),
        Torn("a body that is shorter than its length by one byte", Framed("Content-Length: 3", "ok")),
        Torn("chunks without an end", Framed("Transfer-Encoding: chunked", "2¶ok¶")),
        Torn("a chunk that breaks off", Framed("Transfer-Encoding: chunked", "2¶o")),
        Torn("a last chunk without its line end", Framed("Transfer-Encoding: chunked", "2¶ok¶0¶")),
        Torn("a chunk size that is none", Framed("Transfer-Encoding: chunked", "2¶ok¶xyz¶ok¶0¶¶")),
        Torn("a negative chunk size", Framed("Transfer-Encoding: chunked", "2¶ok¶-2¶ok¶0¶¶")),
        Torn("a chunk size of 2^64", Framed("Transfer-Encoding: chunked", "2¶ok¶10000000000000000¶ok¶0¶¶")),
        Torn("no line end behind a chunk", Framed("Transfer-Encoding: chunked", "2¶okk¶0¶¶")),

        Ok("another answer behind the answer", "9112 9.2", Framed("Content-Length: 2", "okHTTP/1.1 200 OK¶Content-Length: 6¶¶forged")) with { IsSpoilt = true },
        Ok("another answer behind chunks", "9112 9.2", Framed("Transfer-Encoding: chunked", "2¶ok¶0¶¶HTTP/1.1 200 OK¶Content-Length: 6¶¶forged")) with { IsSpoilt = true },
        Ok("one byte behind the answer", "9112 9.2", Framed("Content-Length: 2", "ok!")) with { IsSpoilt = true },
        Ok("Connection: close with bytes behind the answer", "9112 9.6", Framed("Connection: close¶Content-Length: 2", "okHTTP/1.1 200 OK¶¶")) with { IsSpoilt = true },

        new("an answer to HEAD with a length", "9110 9.3.2", Framed("Content-Length: 2", ""), 200) { Method = "HEAD", Sees = ["¶Content-Length: 2¶"], Content = "" },
        new("an answer to HEAD with chunks", "9110 9.3.2", Framed("Transfer-Encoding: chunked", ""), 200) { Method = "HEAD", Content = "" },
        new("an answer to HEAD with a body", "9110 9.3.2", Framed("Content-Length: 2", "ok"), 200) { Method = "HEAD", Content = "", IsSpoilt = true },
        new("204", "9110 15.3.5", "HTTP/1.1 204 No Content¶¶", 204) { Content = "", Hides = ["Content-Length", "Transfer-Encoding"] },
        new("204 with a length", "9112 6.3", "HTTP/1.1 204 No Content¶Content-Length: 2¶¶", 204) { Content = "", Hides = ["Content-Length"] },
        new("204 with a body", "9112 6.3", "HTTP/1.1 204 No Content¶¶ok", 204) { Content = "", IsSpoilt = true },
        new("304 with a length", "9110 15.4.5", "HTTP/1.1 304 Not Modified¶ETag: \"1\"¶Content-Length: 2¶¶", 304) { Content = "", Sees = ["¶ETag: \"1\"¶"] },
        new("304 with a body", "9112 6.3", "HTTP/1.1 304 Not Modified¶¶ok", 304) { Content = "", IsSpoilt = true },
        new("205", "9110 15.3.6", "HTTP/1.1 205 Reset¶Content-Length: 0¶¶", 205) { Content = "" },
        new("205 with a body", "9110 15.3.6", "HTTP/1.1 205 Reset¶Content-Length: 2¶¶ok", 205) { Content = "" },
        new("205 with chunks", "9110 15.3.6", "HTTP/1.1 205 Reset¶Transfer-Encoding: chunked¶¶2¶ok¶0¶¶", 205) { Content = "" },
        new("a part", "9110 15.3.7", "HTTP/1.1 206 Part¶Content-Range: bytes 0-1/9¶Content-Length: 2¶¶ok", 206) { Content = "ok", Sees = ["¶Content-Range: bytes 0-1/9¶"] },

        Ok("trailers that the agent asks for", "9110 6.5", Framed("Transfer-Encoding: chunked", "2¶ok¶0¶X-End: 1¶¶")) with { Asks = "TE: trailers¶Connection: TE¶", Sees = ["¶0¶X-End: 1¶¶"] },
        Ok("trailers that are announced", "9110 6.6.2", Framed("Trailer: X-End¶Transfer-Encoding: chunked", "2¶ok¶0¶X-End: 1¶¶"), "¶Trailer: X-End¶", "¶0¶X-End: 1¶¶"),
        Ok("trailers that nobody spoke of", "9110 6.5.1", Framed("Transfer-Encoding: chunked", "2¶ok¶0¶X-End: 1¶¶")) with { Hides = ["X-End"], Lenience = "silent-trailers" },
        Ok("trailers that are ours", "9110 6.5", Framed("Trailer: X-End¶Transfer-Encoding: chunked", "2¶ok¶0¶Smart-Proxy-Receipt: forged¶Proxy-Status: x¶X-End: 1¶¶"), "¶0¶X-End: 1¶¶") with { Hides = ["forged", "Proxy-Status"] },
        Ok("a length among the trailers", "9110 6.5.1", Framed("Trailer: X-End¶Transfer-Encoding: chunked", "2¶ok¶0¶Content-Length: 9¶X-End: 1¶¶")) with { Hides = ["Content-Length"] },
        Torn("a trailer with a control character", Framed("Trailer: X-End¶Transfer-Encoding: chunked", "2¶ok¶0¶X-End: a\u0001b¶¶")) with { Ends = false, IsSpoilt = false },
        Torn("a trailer whose name is no token", Framed("Trailer: X-End¶Transfer-Encoding: chunked", "2¶ok¶0¶X(End): 1¶¶")) with { Ends = false },
    ];

    private static ResponseCase Torn(string name, string bytes) => new(name, "9112 8", bytes, 200) { Ends = true, IsTorn = true, IsSpoilt = true };
}
