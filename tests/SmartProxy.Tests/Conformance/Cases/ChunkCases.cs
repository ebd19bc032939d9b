using static SmartProxy.Tests.Conformance.RequestCase;

namespace SmartProxy.Tests.Conformance.Cases;

/// <summary>Chunked bodies (RFC 9112 7.1). Whatever passes is chunked anew: nothing of the agent's own chunk lines travels.</summary>
internal static class ChunkCases
{
    public static IEnumerable<RequestCase> All =>
    [
        Fine("one chunk", "7.1", "5¶hello¶0¶¶"),
        Fine("two chunks", "7.1", "2¶he¶3¶llo¶0¶¶"),
        Fine("a size in capitals", "7.1", "A¶hellohello¶0¶¶", "hellohello"),
        Fine("a size in small letters", "7.1", "a¶hellohello¶0¶¶", "hellohello"),
        Fine("a size with leading zeros", "7.1", "0005¶hello¶0¶¶"),
        Fine("a last size of many zeros", "7.1", "5¶hello¶0000¶¶"),
        Fine("no chunk but the last", "7.1", "0¶¶", ""),
        Fine("line ends inside a chunk", "7.1", "7¶a¶¶bc¶0¶¶", "a\r\n\r\nbc"),
        Fine("an extension", "7.1.1", "5;a=b¶hello¶0¶¶"),
        Fine("an extension without a value", "7.1.1", "5;a¶hello¶0¶¶"),
        Fine("an extension with a quoted value", "7.1.1", "5;a=\"b;c\"¶hello¶0¶¶"),
        Fine("two extensions", "7.1.1", "5;a=b;c=d¶hello¶0;e=f¶¶"),
        Bad("blanks around an extension", "7.1.1", "5 ; a = b¶hello¶0¶¶") with { Lenience = "chunk-blanks" },
        Fine("an extension without a name", "7.1.1", "5;¶hello¶0¶¶") with { Lenience = "chunk-extensions" },
        Fine("an extension with a control character", "7.1.1", "5;\u0001¶hello¶0¶¶") with { Lenience = "chunk-extensions" },
        Bad("a blank behind a size", "7.1", "5 ¶hello¶0¶¶") with { Lenience = "chunk-blanks" },
        Bad("an extension with a LF", "7.1.1", "5;a\n¶hello¶0¶¶"),
        Bad("an extension with a CR", "7.1.1", "5;a\rb¶hello¶0¶¶"),
        Bad("an extension with a LF and a size behind it", "7.1.1", "5;\n5¶hello¶0¶¶"),
        Bad("a size with 0x", "7.1", "0x5¶hello¶0¶¶"),
        Bad("a size with a plus", "7.1", "+5¶hello¶0¶¶"),
        Bad("a size with a minus", "7.1", "-5¶hello¶0¶¶"),
        Bad("a size with an underscore", "7.1", "0_5¶hello¶0¶¶"),
        Bad("a size with a blank before it", "7.1", " 5¶hello¶0¶¶"),
        Bad("a size that is none", "7.1", "xyz¶hello¶0¶¶"),
        Bad("no size", "7.1", "¶hello¶0¶¶"),
        Bad("a size of 2^64 + 5", "7.1", "10000000000000005¶hello¶0¶¶"),
        Bad("a size of 2^32 + 5 in a larger number of digits", "7.1", "0000000000000000000000000100000005¶hello¶0¶¶"),
        Bad("a negative size of 64 bits", "7.1", "FFFFFFFFFFFFFFFB¶hello¶0¶¶"),
        Bad("no line end behind a chunk", "7.1", "5¶hello0¶¶"),
        Bad("a longer chunk than its size", "7.1", "3¶hello¶0¶¶"),
        Bad("a bare LF behind a size", "7.1", "5\nhello¶0¶¶"),
        Bad("a bare CR behind a size", "7.1", "5\rhello¶0¶¶"),
        Bad("a bare LF behind a chunk", "7.1", "5¶hello\n0¶¶"),
        Bad("a bare CR behind a chunk", "7.1", "5¶hello\r0¶¶"),
        Bad("a NUL in a size", "7.1", "5\0¶hello¶0¶¶"),
        Bad("a comma for a semicolon", "7.1", "5,a=b¶hello¶0¶¶"),
        Fine("trailers", "7.1.2", "5¶hello¶0¶X-End: 1¶¶") with { Hides = ["X-End"], Lenience = "request-trailers" },
        Fine("a length among the trailers", "7.1.2", "5¶hello¶0¶Content-Length: 50¶¶") with { Hides = ["Content-Length"], Lenience = "request-trailers" },
        Fine("a credential among the trailers", "7.1.2", "5¶hello¶0¶Authorization: Bearer x¶¶") with { Hides = ["Authorization"], Lenience = "request-trailers" },
        Fine("announced trailers", "9110 6.6.2", "5¶hello¶0¶X-End: 1¶¶", lines: "Trailer: X-End¶") with { Hides = ["Trailer", "X-End"], Lenience = "request-trailers" },
        Bad("a trailer without a colon", "7.1.2", "5¶hello¶0¶X-End¶¶"),
        Bad("a trailer with a space before its colon", "7.1.2", "5¶hello¶0¶X-End : 1¶¶"),
        Bad("a folded trailer", "7.1.2", "5¶hello¶0¶X-End: 1¶ 2¶¶"),
        Bad("a trailer with a bare LF", "7.1.2", "5¶hello¶0¶X-End: 1\nY: 2¶¶"),
    ];

    private static RequestCase Fine(string name, string clause, string body, string content = "hello", string lines = "") =>
        Ok(name, Full(clause), Post($"{lines}Transfer-Encoding: chunked", body), "¶Transfer-Encoding: chunked¶") with { Content = content };

    private static RequestCase Bad(string name, string clause, string body) => No(name, Full(clause), Post("Transfer-Encoding: chunked", body));

    private static string Full(string clause) => clause.Contains(' ', StringComparison.Ordinal) ? clause : "9112 " + clause;
}
