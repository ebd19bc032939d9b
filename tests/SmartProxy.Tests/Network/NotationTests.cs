using System.Net;
using System.Net.NetworkInformation;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Policies;
using SmartProxy.Protocol;
using SmartProxy.Tests.Forwarding;

namespace SmartProxy.Tests.Network;

/// <summary>
/// Every way to write an address of this machine, through every entry of the real data path with the system's own resolver. Once nothing private may
/// be dialled; once the operator allowed every address there is, and the target is one of our own listeners.
/// </summary>
public sealed class NotationTests(NotationTests.Worlds worlds) : IClassFixture<NotationTests.Worlds>
{
    private static readonly string[] Refusals = ["HTTP/1.1 400 ", "HTTP/1.1 403 ", "HTTP/1.1 404 ", "HTTP/1.1 421 ", "HTTP/1.1 502 "];

    internal static readonly string[] Spellings =
    [
        // IPv4, as inet_aton and its relatives read it.
        "127.0.0.1", "127.0.0.1.", "127.0.0.1..", "127.1", "127.0.1", "127.000.000.001", "127.0.0.01", "0127.0.0.1", "0177.0.0.1", "0177.0.0.01", "0177.1",
        "0x7f.0.0.1", "0x7f.1", "0x7F.0x0.0x0.0x1", "0x7f000001", "0X7F000001", "2130706433", "02130706433", "017700000001", "0000002130706433",
        "127.0.0x0.1", "127.0.0.0x1", "127.0.0.1%00", "127.0.0.1.0", "0", "00", "0x0", "0.0", "0.0.0.0", "127.0.0.2", "127.255.255.254", "4294967295", "+127.0.0.1",
        "-127.0.0.1", "127..1", ".127.0.0.1", "127.0.0.1_", "1.0.0.127.in-addr.arpa\\@127.0.0.1",

        // IPv6, and IPv4 inside it.
        "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]", "[::0]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0.0.0.0]", "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
        "[64:ff9b:1:7f00:0:100::]", "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001::80ff:fffe]", "[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", "[2a00:1450::5efe:7f00:1]",
        "[fe80::1%lo]", "[::1%1]", "[::1%25lo]", "[fe80::1]", "::1", "[::1", "::1]", "[[::1]]", "[127.0.0.1]", "[::ffff:127.1]", "[::1].", "[v1.::1]",

        // Encoded, and digits, dots and letters of other scripts.
        "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%2f", "%6cocalhost", "①②⑦.0.0.1", "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７．０．０．１", "𝟏𝟐𝟕.0.0.1",
        "١٢٧.0.0.1", "१२७.0.0.1", "ｌｏｃａｌｈｏｓｔ", "ⅼocalhost", "loc\u00ADalhost", "local\u200Bhost", "localho\u017Ft", "xn--127.0.0.1",

        // Names, and what stands before or behind a host.
        "localhost", "LOCALHOST", "LocalHost.", "localhost..", "user@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1:1@127.0.0.1", "127.0.0.1\\", "127.0.0.1#", "127.0.0.1/", "127.0.0.1\t", " 127.0.0.1",
    ];

    public static TheoryData<string> Notations => [.. Spellings, .. OwnAddresses()];

    [Fact]
    public void There_are_enough_of_them() => Assert.True(Spellings.Distinct().Count() >= 100);

    [Theory, MemberData(nameof(Notations))]
    public async Task No_notation_reaches_this_machine_through_any_entry(string notation)
    {
        foreach (var world in new[] { worlds.Closed, worlds.Open })
        {
            var before = world.Canary.Connections;
            foreach (var answer in await world.AskAsync(notation, TestContext.Current.CancellationToken))
            {
                Assert.DoesNotContain(Canary.Song, answer, StringComparison.Ordinal);
                Assert.True(answer.Length == 0 || Refusals.Any(refusal => answer.StartsWith(refusal, StringComparison.Ordinal)), answer);
            }

            Assert.Equal(before, world.Canary.Connections);
        }
    }

    [Fact]
    public async Task The_canary_sings_when_it_is_allowed()
    {
        using var canary = new Canary();
        await using var world = new World(await ProxyFixture.StartAsync([canary.Port]), canary);

        var answers = await world.AskAsync("127.0.0.1", TestContext.Current.CancellationToken);

        Assert.Equal(5, answers.Count(answer => answer.Contains(Canary.Song, StringComparison.Ordinal)));
        Assert.StartsWith("HTTP/1.1 421 ", answers[^1], StringComparison.Ordinal);
    }

    private static IEnumerable<string> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => new IPAddress(unicast.Address.GetAddressBytes()).ToString())
        .Where(address => address is not ("127.0.0.1" or "::1"))
        .Distinct()
        .Select(address => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address);

    /// <summary>A proxy, what nothing may reach, and an origin that may be reached.</summary>
    internal sealed class World(ProxyFixture proxy, Canary canary) : IAsyncDisposable
    {
        private const string WebSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

        private readonly RawOrigin _origin = new("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        public Canary Canary => canary;

        /// <summary>The answers to a plain request, to a WebSocket, to an intercepted and a blind tunnel, to a named upstream, and to the name as inner Host.</summary>
        public async Task<string[]> AskAsync(string notation, CancellationToken cancellationToken)
        {
            proxy.Resolve = name => name == "origin.test" ? Task.FromResult<IPAddress[]>([IPAddress.Loopback]) : Dns.GetHostAddressesAsync(name, cancellationToken);
            var target = $"{notation}:{canary.Port}";
            var credentials = $"Proxy-Authorization: {FakeAuthenticator.Basic}\r\n";
            var inner = $"GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n";
            var connect = $"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n";
            return
            [
                await SayAsync([$"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n{credentials}Connection: close\r\n\r\n"], cancellationToken),
                await UpgradeAsync($"GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\n{credentials}{WebSocket}\r\n", cancellationToken),
                await SayAsync([connect, inner], cancellationToken),
                await BlindAsync([connect, inner], cancellationToken),
                await NamedAsync(target, cancellationToken),
                await SayAsync([$"CONNECT {_origin.Authority} HTTP/1.1\r\nHost: {_origin.Authority}\r\n{credentials}\r\n", inner], cancellationToken),
            ];
        }

        public async ValueTask DisposeAsync()
        {
            await proxy.DisposeAsync();
            canary.Dispose();
            _origin.Dispose();
        }

        private async Task<string> UpgradeAsync(string request, CancellationToken cancellationToken)
        {
            using var client = await proxy.ConnectAsync(cancellationToken);
            await client.SendAsync(Encoding.UTF8.GetBytes(request), cancellationToken);
            return await client.ReadMessageAsync(cancellationToken);
        }

        private async Task<string> BlindAsync(string[] texts, CancellationToken cancellationToken)
        {
            proxy.Policy.Swap(TunnelTreatment.Blind);
            var answer = await SayAsync(texts, cancellationToken);
            proxy.Policy.Swap(TunnelTreatment.Intercept);
            return answer;
        }

        // A policy that can't read the upstream refuses it whole.
        private async Task<string> NamedAsync(string target, CancellationToken cancellationToken)
        {
            proxy.Policy.Upstreams.Clear();
            if (Origin.TryParse($"http://{target}", out var origin))
            {
                proxy.Policy.Upstreams["x"] = new NamedUpstream("x", origin, "");
            }

            return await SayAsync([$"GET /u/x/ HTTP/1.1\r\nHost: localhost\r\nSmart-Proxy-Token: {FakeAuthenticator.Token}\r\nConnection: close\r\n\r\n"], cancellationToken);
        }

        // Says the second text only when the first one was answered with 200.
        private async Task<string> SayAsync(string[] texts, CancellationToken cancellationToken)
        {
            using var client = await proxy.ConnectAsync(cancellationToken);
            await client.SendAsync(Encoding.UTF8.GetBytes(texts[0]), cancellationToken);
            if (texts.Length == 2)
            {
                var head = await client.ReadHeadAsync(cancellationToken);
                if (!head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
                {
                    return head;
                }

                await client.SendAsync(Encoding.UTF8.GetBytes(texts[1]), cancellationToken);
            }

            return await client.ReadToEndAsync(cancellationToken);
        }
    }

    public sealed class Worlds : IAsyncLifetime
    {
        /// <summary>Nothing private may be dialled.</summary>
        internal World Closed { get; private set; } = null!;

        /// <summary>Everything may be dialled, and the canary stands for a listener of our own.</summary>
        internal World Open { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Closed = new World(await ProxyFixture.StartAsync([]), new Canary());
            var (canary, proxy) = (new Canary(), await ProxyFixture.StartAsync([], egress: egress =>
            {
                egress.Allow.Add("0.0.0.0/0");
                egress.Allow.Add("::/0");
            }));
            proxy.Services.GetRequiredService<OwnListeners>().Set([new IPEndPoint(IPAddress.Loopback, proxy.Port), new IPEndPoint(IPAddress.Loopback, canary.Port)]);
            Open = new World(proxy, canary);
        }

        public async ValueTask DisposeAsync()
        {
            await Closed.DisposeAsync();
            await Open.DisposeAsync();
        }
    }
}
