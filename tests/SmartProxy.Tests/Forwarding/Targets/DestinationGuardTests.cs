using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SmartProxy.Forwarding.Origins;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Options;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Targets;

public sealed class DestinationGuardTests
{
    /// <summary>First and last address of every special range, and what lies just outside.</summary>
    public static TheoryData<string, bool> Boundaries => new()
    {
        { "0.0.0.0", false }, { "0.255.255.255", false }, { "1.0.0.0", true },
        { "9.255.255.255", true }, { "10.0.0.0", false }, { "10.255.255.255", false }, { "11.0.0.0", true },
        { "100.63.255.255", true }, { "100.64.0.0", false }, { "100.127.255.255", false }, { "100.128.0.0", true },
        { "126.255.255.255", true }, { "127.0.0.0", false }, { "127.0.0.1", false }, { "127.255.255.255", false }, { "128.0.0.0", true },
        { "169.253.255.255", true }, { "169.254.0.0", false }, { "169.254.255.255", false }, { "169.255.0.0", true },
        { "172.15.255.255", true }, { "172.16.0.0", false }, { "172.31.255.255", false }, { "172.32.0.0", true },
        { "191.255.255.255", true }, { "192.0.0.0", false }, { "192.0.0.255", false }, { "192.0.1.0", true }, { "192.0.1.255", true },
        { "192.0.2.0", false }, { "192.0.2.255", false }, { "192.0.3.0", true },
        { "192.31.195.255", true }, { "192.31.196.0", false }, { "192.31.196.255", false }, { "192.31.197.0", true },
        { "192.52.192.255", true }, { "192.52.193.0", false }, { "192.52.193.255", false }, { "192.52.194.0", true },
        { "192.175.47.255", true }, { "192.175.48.0", false }, { "192.175.48.255", false }, { "192.175.49.0", true },
        { "192.88.98.255", true }, { "192.88.99.0", false }, { "192.88.99.255", false }, { "192.88.100.0", true },
        { "192.167.255.255", true }, { "192.168.0.0", false }, { "192.168.255.255", false }, { "192.169.0.0", true },
        { "198.17.255.255", true }, { "198.18.0.0", false }, { "198.19.255.255", false }, { "198.20.0.0", true },
        { "198.51.99.255", true }, { "198.51.100.0", false }, { "198.51.100.255", false }, { "198.51.101.0", true },
        { "203.0.112.255", true }, { "203.0.113.0", false }, { "203.0.113.255", false }, { "203.0.114.0", true },
        { "223.255.255.255", true }, { "224.0.0.0", false }, { "239.255.255.255", false }, { "240.0.0.0", false },
        { "255.255.255.254", false }, { "255.255.255.255", false },
        { "8.8.8.8", true }, { "1.1.1.1", true }, { "93.184.216.34", true },

        // Metadata services, the public one too.
        { "169.254.169.254", false }, { "169.254.169.252", false }, { "169.254.0.23", false }, { "169.254.42.42", false }, { "169.254.170.2", false }, { "169.254.170.23", false }, { "100.100.100.200", false },
        { "168.63.129.15", true }, { "168.63.129.16", false }, { "168.63.129.17", true }, { "192.0.0.192", false },
        { "fd00:ec2::254", false }, { "fd00:ec2::23", false }, { "fd20:ce::254", false }, { "fd00:42::42", false }, { "fd00:c1::a9fe:a9fe", false },
        { "fd00:a9fe:a9fe::1", false }, { "fe80::a9fe:a9fe", false },

        { "::", false }, { "::1", false }, { "::2", false }, { "::7f00:1", false }, { "::127.0.0.1", false }, { "::8.8.8.8", false },
        { "::ffff:ffff", false }, { "::1:0:0", false },
        { "::ffff:0.0.0.0", false }, { "::ffff:127.0.0.1", false }, { "::ffff:7f00:1", false }, { "::ffff:10.0.0.1", false },
        { "::ffff:169.254.169.254", false }, { "::ffff:168.63.129.16", false }, { "::ffff:8.8.8.8", false }, { "::ffff:255.255.255.255", false },
        { "::ffff:0:127.0.0.1", false }, { "::ffff:0:8.8.8.8", false },
        { "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "64:ff9b::", false }, { "64:ff9b::127.0.0.1", false }, { "64:ff9b::a9fe:a9fe", false },
        { "64:ff9b::8.8.8.8", false }, { "64:ff9b::ffff:ffff", false }, { "64:ff9b:0:0:0:1::", false },
        { "64:ff9b:0:ffff::", false }, { "64:ff9b:1::", false }, { "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false }, { "64:ff9b:2::", false },
        { "ff:ffff::", false }, { "100::", false }, { "100::ffff:ffff:ffff:ffff", false }, { "100:0:0:1::", false }, { "100:0:0:2::", false },
        { "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "2000::", true }, { "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true }, { "2001::", false }, { "2001:0:1::", false }, { "2001:2::1", false }, { "2001:10::", false }, { "2001:20::", false },
        { "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "2001:200::", true },
        { "2001:db7:ffff::", true }, { "2001:db8::", false }, { "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "2001:db9::", true },
        { "2001:4860:4860::8888", true }, { "2606:4700:4700::1111", true }, { "2a00:1450:4001::1", true },
        { "2002::", false }, { "2002:7f00:1::", false }, { "2002:808:808::1", false }, { "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "2003::", true },

        { "2620:4f:7fff:ffff::", true }, { "2620:4f:8000::", false }, { "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", false }, { "2620:4f:8001::", true },

        // ISATAP: the prefix is public, and the IPv4 address at its end decides.
        { "2a00:1450::5efe:808:808", true }, { "2a00:1450::200:5efe:808:808", true }, { "2a00:1450::5efe:7f00:1", false }, { "2a00:1450::200:5efe:7f00:1", false },
        { "2a00:1450::5efe:a00:1", false }, { "2a00:1450::5efe:a9fe:a9fe", false }, { "2a00:1450::5efe:a83f:8110", false }, { "2a00:1450::1:5efe:7f00:1", true },
        { "3ffe:ffff::", true }, { "3fff::", false }, { "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "3fff:1000::", true },
        { "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true }, { "4000::", false }, { "5f00::", false }, { "5f00:ffff::", false }, { "5f01::", false },
        { "fbff:ffff::", false }, { "fc00::", false }, { "fd00::1", false }, { "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "fe00::", false },
        { "fe7f:ffff::", false }, { "fe80::", false }, { "fe80::1", false }, { "fe80::1%2", false }, { "febf:ffff::", false },
        { "fec0::", false }, { "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "ff00::", false }, { "ff02::1", false },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false },
    };

    public static TheoryData<string, string, int, bool> Exceptions => new()
    {
        { "127.0.0.2:14443", "127.0.0.2", 14443, true },
        { "127.0.0.2:14443", "127.0.0.2", 14444, false },
        { "127.0.0.2:14443", "127.0.0.3", 14443, false },
        { "10.1.0.0/16", "10.1.2.3", 1, true },
        { "10.1.0.0/16", "10.2.0.0", 1, false },
        { "10.1.0.0/16", "::ffff:10.1.2.3", 1, false },
        { "[fd00::1]:443", "fd00::1", 443, true },
        { "fd00::/8", "fd12::1", 443, true },

        // A block never opens a metadata service; an exact exception does.
        { "169.254.0.0/16", "169.254.169.253", 80, true },
        { "169.254.0.0/16", "169.254.169.254", 80, false },
        { "169.254.169.254:80", "169.254.169.254", 80, true },
        { "0.0.0.0/0", "168.63.129.16", 80, false },
        { "fd00::/8", "fd00:ec2::254", 80, false },
        { "fd00::/8", "fd00:a9fe:a9fe::1", 80, false },
        { "[fd00:a9fe:a9fe::1]:80", "fd00:a9fe:a9fe::1", 80, true },
        { "fe80::/10", "fe80::a9fe:a9fe", 80, false },
        { "fe80::/10", "fe80::a9fe:a9fe%2", 80, false },
        { "fe80::/10", "fe80::a9fe:a9ff", 80, true },
        { "[fd00:ec2::254]:80", "fd00:ec2::254", 80, true },
        { "169.254.169.254:80", "169.254.169.254", 81, false },
        { "::/0", "::ffff:169.254.169.254", 80, false },
        { "::/0", "64:ff9b::a83f:8110", 80, false },

        // What an address leads to is judged again.
        { "64:ff9b::/96", "64:ff9b::808:808", 443, true },
        { "64:ff9b::/96", "64:ff9b::7f00:1", 443, false },
        { "64:ff9b::/96", "64:ff9b::a9fe:a9fe", 443, false },
        { "2002::/16", "2002:a00:1::1", 443, false },
        { "2002::/16", "2002:808:808::1", 443, true },
        { "2001::/32", "2001::f7f7:f7f7", 443, true },
        { "2001::/32", "2001::80ff:fffe", 443, false },

        // Nobody but its operator can read a local translation: no block opens it.
        { "64:ff9b:1::/48", "64:ff9b:1::808:808", 443, false },
        { "[64:ff9b:1::808:808]:443", "64:ff9b:1::808:808", 443, true },

        // Our own listeners are refused above every exception, under every name of this machine.
        { "127.0.0.1:8403", "127.0.0.1", 8403, false },
        { "0.0.0.0/0", "127.0.0.1", 8403, false },
        { "0.0.0.0/0", "0.0.0.0", 8403, false },
        { "0.0.0.0/0", "127.9.9.9", 8403, false },
        { "::/0", "::1", 8403, false },
        { "::/0", "::", 8403, false },
        { "::/0", "::ffff:127.0.0.1", 8403, false },
        { "::/0", "64:ff9b::127.0.0.1", 8403, false },
        { "[64:ff9b::7f00:1]:8403", "64:ff9b::127.0.0.1", 8403, false },
        { "::/0", "2a00:1450::5efe:7f00:1", 8403, false },
        { "::/0", "2001::80ff:fffe", 8403, false },
        { "0.0.0.0/0", "127.0.0.1", 8404, true },
    };

    /// <summary>What is denied, what is allowed besides, and what is asked for.</summary>
    public static TheoryData<string, string, string, int, bool> Denials => new()
    {
        { "203.0.114.7:443", "", "203.0.114.7", 443, false },
        { "203.0.114.7:443", "", "203.0.114.7", 444, true },
        { "203.0.114.7:443", "203.0.114.7:443", "203.0.114.7", 443, false },
        { "203.0.114.7/32", "0.0.0.0/0", "203.0.114.7", 80, false },
        { "203.0.114.0/24", "", "203.0.114.255", 80, false },
        { "203.0.114.0/24", "", "203.0.115.0", 80, true },
        { "10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", 80, false },
        { "10.1.0.0/16", "10.0.0.0/8", "10.2.2.3", 80, true },
        { "10.1.0.0/16", "10.1.2.3:80", "10.1.2.3", 80, false },
        { "2a00:1450:4001::/48", "::/0", "2a00:1450:4001::1", 443, false },
        { "[2a00:1450:4001::1]:443", "", "2a00:1450:4001::1", 443, false },
        { "[2a00:1450:4001::1]:443", "", "2a00:1450:4001::2", 443, true },

        // A denial holds for what an address leads to, and for its translation.
        { "8.8.8.0/24", "64:ff9b::/96", "64:ff9b::808:808", 443, false },
        { "8.8.8.8:443", "64:ff9b::/96", "64:ff9b::808:808", 443, false },
        { "8.8.8.8:443", "[64:ff9b::808:808]:443", "64:ff9b::808:808", 443, false },
        { "8.8.8.8:443", "2002::/16", "2002:808:808::1", 443, false },
        { "8.8.8.8:443", "64:ff9b::/96", "64:ff9b::808:909", 443, true },
    };

    [Theory, MemberData(nameof(Denials))]
    public void A_denial_stands_above_every_exception(string denied, string allowed, string address, int port, bool passes)
    {
        var options = new EgressOptions { Deny = { denied } };
        allowed.Split(',', StringSplitOptions.RemoveEmptyEntries).ToList().ForEach(options.Allow.Add);

        Assert.Equal(passes, Guard(options).MayDial(IPAddress.Parse(address), port));
    }

    [Theory, MemberData(nameof(Boundaries))]
    public void An_address_is_judged_by_its_range(string address, bool passes) =>
        Assert.Equal(passes, Guard().MayDial(IPAddress.Parse(address), 443));

    [Theory, MemberData(nameof(Exceptions))]
    public void An_exception_opens_what_it_says_and_nothing_else(string rule, string address, int port, bool passes)
    {
        var own = new OwnListeners();
        own.Set([new IPEndPoint(IPAddress.Loopback, 8403)]);

        Assert.Equal(passes, Guard(own, null, rule).MayDial(IPAddress.Parse(address), port));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1:80")]
    [InlineData("0x7f.1:80")]
    [InlineData("localhost:80")]
    [InlineData("10.1.0.0/33")]
    [InlineData("10.1.2.3/16")]
    [InlineData("0x0a.0.0.0/8")]
    [InlineData("012.0.0.0/8")]
    [InlineData("127.0.0.1:0")]
    [InlineData("")]
    public void A_mistaken_rule_stops_the_start(string rule) =>
        Assert.All(
            new[] { ("Egress:Allow[0]", new EgressOptions { Allow = { rule } }), ("Egress:Deny[0]", new EgressOptions { Deny = { rule } }) },
            pair => Assert.Contains(pair.Item1, Assert.Throws<InvalidDataException>(() => Guard(pair.Item2)).Message, StringComparison.Ordinal));

    [Theory]
    [InlineData("8.8.8.8,127.0.0.1")]
    [InlineData("127.0.0.1,8.8.8.8")]
    [InlineData("2606:4700::1,::1")]
    public async Task One_bad_answer_refuses_the_name(string answers)
    {
        var guard = Guard(resolve: _ => [.. answers.Split(',').Select(IPAddress.Parse)]);

        var refused = await Assert.ThrowsAsync<DestinationException>(async () => await guard.DialAsync(Me, Host("a.test"), 443, TestContext.Current.CancellationToken));

        Assert.Equal(DestinationFailure.NotAllowed, refused.Failure);
    }

    [Fact]
    public async Task A_name_that_changes_its_answer_is_judged_by_the_address_that_is_dialled()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var lookups = 0;
        var guard = Guard(resolve: _ => ++lookups == 1 ? [IPAddress.Parse("127.0.0.9")] : [IPAddress.Loopback], rules: $"127.0.0.9:{port}");

        // The first answer is allowed and nobody listens there; the second one, where somebody does, is not.
        await Assert.ThrowsAsync<DestinationException>(async () => await guard.DialAsync(Me, Host("rebind.test"), port, TestContext.Current.CancellationToken));
        var refused = await Assert.ThrowsAsync<DestinationException>(async () => await guard.DialAsync(Me, Host("rebind.test"), port, TestContext.Current.CancellationToken));

        Assert.Equal((DestinationFailure.NotAllowed, 2), (refused.Failure, lookups));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task A_name_without_an_answer_does_not_resolve()
    {
        var failed = await Assert.ThrowsAsync<DestinationException>(async () => await Guard(resolve: _ => []).DialAsync(Me, Host("a.test"), 443, TestContext.Current.CancellationToken));

        Assert.Equal(DestinationFailure.DnsFailed, failed.Failure);
    }

    [Fact]
    public async Task An_address_that_never_answers_leaves_time_for_the_next_one()
    {
        using var silent = new SilentListener(IPAddress.Parse("127.0.0.9"));
        using var good = new Network.Canary(IPAddress.Loopback, silent.Port);
        var guard = Guard(new EgressOptions { Allow = { "127.0.0.0/8" } }, resolve: _ => [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback], connectSeconds: 2);
        using var all = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        using var socket = await guard.DialAsync(Me, Host("two.test"), silent.Port, all.Token);

        Assert.Equal(new IPEndPoint(IPAddress.Loopback, silent.Port), socket.RemoteEndPoint);
    }

    [Fact]
    public async Task Addresses_that_all_never_answer_end_with_the_time_to_connect()
    {
        using var silent = new SilentListener(IPAddress.Parse("127.0.0.9"));
        var guard = Guard(new EgressOptions { Allow = { "127.0.0.0/8" } }, resolve: _ => [IPAddress.Parse("127.0.0.9"), IPAddress.Parse("127.0.0.9")], connectSeconds: 1);
        using var all = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await guard.DialAsync(Me, Host("two.test"), silent.Port, all.Token));
    }

    private static AgentId Me { get; } = new("me");

    private static HostName Host(string text) => HostName.TryParse(text, out var host) ? host : throw new ArgumentException(text);

    private static DestinationGuard Guard(OwnListeners? own = null, Func<string, IPAddress[]>? resolve = null, params string[] rules)
    {
        var options = new EgressOptions();
        rules.ToList().ForEach(options.Allow.Add);
        return Guard(options, own, resolve);
    }

    private static DestinationGuard Guard(EgressOptions egress, OwnListeners? own = null, Func<string, IPAddress[]>? resolve = null, int connectSeconds = 10)
    {
        var upstream = Microsoft.Extensions.Options.Options.Create(new UpstreamOptions { ConnectSeconds = connectSeconds });
        return new DestinationGuard(own ?? new OwnListeners(), new NameLookups(upstream, name => resolve!(name)), new OriginPlaces(upstream), Microsoft.Extensions.Options.Options.Create(egress), upstream);
    }

    /// <summary>A port whose queue is full: what is said to it is dropped, as on the way to a machine that is gone.</summary>
    private sealed class SilentListener : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _waiting = [];

        public SilentListener(IPAddress address)
        {
            _listener.Bind(new IPEndPoint(address, 0));
            _listener.Listen(1);
            for (var i = 0; i < 8; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _waiting.Add(socket);
                Assert.Throws<SocketException>(() => socket.Connect(_listener.LocalEndPoint!));
            }
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public void Dispose()
        {
            _waiting.ForEach(socket => socket.Dispose());
            _listener.Dispose();
        }
    }
}
