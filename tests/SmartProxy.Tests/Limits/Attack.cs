namespace SmartProxy.Tests.Limits;

/// <summary>What one attacker does, again and again, each time on a connection of its own.</summary>
/// <param name="Count">How many attack at once in the long form.</param>
/// <param name="ShortCount">How many otherwise.</param>
/// <param name="Growth">MiB by which the proxy's memory may grow meanwhile, however many they are in the short form.</param>
internal sealed record Attack(int Count, int ShortCount, int Growth)
{
    public const string SlowHeads = "slow heads";
    public const string SlowBodies = "slow bodies";
    public const string SlowReaders = "slow readers";
    public const string IdleTunnels = "idle tunnels";
    public const string BlindTunnels = "blind tunnels";
    public const string Bombs = "bombs";
    public const string EndlessTerms = "endless terms";
    public const string Uploads = "uploads";
    public const string Silence = "silence";

    /// <summary>The host that is never decrypted.</summary>
    public const string BlindHost = "127.0.0.2";

    public const int UploadBytes = 4 * 1024 * 1024;

    /// <summary>What it sends: its number, the port of the origin that is asked, and its credentials.</summary>
    public required Func<int, int, string, string> Sends { get; init; }

    /// <summary>Sent after that.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>Whether an answer, from its first line to the end of its head, is the one that tells that the attack took hold; null where it may be turned away.</summary>
    public Func<string, bool>? Expects { get; init; }

    /// <summary>When it has taken hold; some are only answered when they are cut off.</summary>
    public Holding Holds { get; init; } = Holding.Answered;

    /// <summary>Whether it stays when it has been answered, without reading on.</summary>
    public bool Stays { get; init; }

    /// <summary>Whether it speaks TLS when it has been answered, and asks once: an idle tunnel that never asked is cut off soon.</summary>
    public bool IsTls { get; init; }

    public static Attack Of(string name) => name switch
    {
        SlowHeads => new(2_000, 60, 150)
        {
            Sends = (number, port, _) => number % 2 == 0 ? "CONNECT a.te" : $"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x",
            Expects = answer => answer is "" || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal),
            Holds = Holding.Sent,
        },
        SlowBodies => new(2_000, 60, 150)
        {
            Sends = (_, port, credentials) => Head("POST", "/sink", port, credentials, "Content-Length: 1000000\r\n") + "x",
            Expects = Is("408"),
            Holds = Holding.Sent,
        },
        SlowReaders => new(2_000, 200, 200) { Sends = (_, port, credentials) => Head("GET", "/endless", port, credentials), Expects = Is("200"), Stays = true },
        IdleTunnels => new(5_000, 300, 200) { Sends = (_, port, credentials) => Connect("127.0.0.1", port, credentials), Expects = Is("200"), Stays = true, IsTls = true },
        BlindTunnels => new(5_000, 300, 200) { Sends = (_, port, credentials) => Connect(BlindHost, port, credentials), Expects = Is("200"), Stays = true },
        Bombs => new(500, 20, 150) { Sends = (_, port, credentials) => Head("GET", "/bomb", port, credentials), Expects = Is("402") },
        EndlessTerms => new(500, 20, 150) { Sends = (_, port, credentials) => Head("GET", "/endless402", port, credentials), Expects = Is("402") },
        Uploads => new(200, 60, 150)
        {
            Sends = (_, port, credentials) => Head("POST", "/swallow", port, credentials, $"Content-Length: {UploadBytes}\r\n"),
            Body = new byte[UploadBytes],
            Holds = Holding.Swallowed,
        },
        Silence => new(2_000, 150, 150) { Sends = (_, _, _) => "GET http", Holds = Holding.Sent },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "expected the name of an attack"),
    };

    /// <summary>What is asked once in a tunnel; it is answered here, and the tunnel stays.</summary>
    public static byte[] Asks(int port) => System.Text.Encoding.ASCII.GetBytes($"TRACE / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");

    private static Func<string, bool> Is(string status) => answer => answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal);

    private static string Connect(string host, int port, string credentials) =>
        $"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nProxy-Authorization: {credentials}\r\n\r\n";

    private static string Head(string method, string path, int port, string credentials, string more = "") =>
        $"{method} http://127.0.0.1:{port}{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nProxy-Authorization: {credentials}\r\n{more}\r\n";

    /// <summary>When an attack has taken hold.</summary>
    internal enum Holding
    {
        /// <summary>It has been sent, and what is answered is its end.</summary>
        Sent,

        /// <summary>It has been answered.</summary>
        Answered,

        /// <summary>The origin has read all of it, and never answers.</summary>
        Swallowed,
    }
}
