using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using SmartProxy.AdminApi;
using SmartProxy.Connections;
using SmartProxy.Demo;
using SmartProxy.Forwarding;
using SmartProxy.Forwarding.Attempts;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Installation;
using SmartProxy.Options;

namespace SmartProxy.Hosting;

/// <summary>
/// Two servers in one process, proxy and admin, over one set of books. Started in the order of trust: lock, keys, journal, policy, listeners;
/// stopped in the opposite one, so that what was signed is finished and synced before the process leaves.
/// </summary>
internal sealed class ProxyHost : IDemoProxy
{
    private readonly DataFolder _data;
    private readonly Books _books;
    private readonly WebApplication _proxy;
    private readonly WebApplication _admin;
    private readonly MetricsFeed _feed;
    private readonly TimeSpan _patience;
    private volatile bool _isServing;
    private Task? _stopping;

    private ProxyHost(RunSettings settings, Books books)
    {
        (_data, _books) = (settings.Data, books);
        var metrics = books.Metrics;
        _feed = new MetricsFeed(books.Ledger, metrics);
        _proxy = ProxyServer.Build(settings, books, metrics);
        _patience = TimeSpan.FromSeconds(_proxy.Services.GetRequiredService<IOptions<ConnectionOptions>>().Value.ShutdownSeconds);
        var tunnels = _proxy.Services.GetRequiredService<TunnelRegistry>();
        var health = new Health(
            books.Ledger, books.Policy, () => _isServing, () => tunnels.Open.Count(tunnel => tunnel.IsBlind),
            [books.PolicyTrouble, books.ShadowTrouble, () => books.Credentials.Trouble, books.FreezeTrouble, () => string.Join("; ", books.ChainTrouble()) is { Length: > 0 } trouble ? trouble : null]);
        _admin = AdminServer.Build(settings, books, health, metrics, _proxy.Services.GetRequiredService<Probe>(), _proxy.Services.GetRequiredService<Admission>());
    }

    /// <summary>Where agents send requests.</summary>
    public Uri Proxy { get; private set; } = null!;

    public Uri Admin { get; private set; } = null!;

    /// <summary>What an operator should know at the start, one line each.</summary>
    public IReadOnlyList<string> Notices => _books.Notices;

    /// <exception cref="OperatorException">Something is missing, unreadable or in use; one line says what to do.</exception>
    public static async Task<ProxyHost> StartAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var books = await Books.OpenAsync(settings, cancellationToken);
        try
        {
            var host = new ProxyHost(settings, books);
            try
            {
                await host.ListenAsync(settings, cancellationToken);
                return host;
            }
            catch
            {
                await host.StopAsync(new CancellationToken(canceled: true));
                throw;
            }
        }
        catch (InvalidDataException fault)
        {
            // A setting of the data path that only it can judge: an egress rule, a file of roots.
            await books.DisposeAsync();
            throw new OperatorException(fault.Message, inner: fault);
        }
        catch
        {
            await books.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Accepts nothing more, and finishes what is under way: requests as long as the settings allow, what is signed until it is booked, within the
    /// same time. Blind tunnels end at once. What is still open then is cut off; its money is in doubt at the next start, and held.
    /// </summary>
    /// <param name="hurry">Ends the waiting.</param>
    public Task StopAsync(CancellationToken hurry) => _stopping ??= FinishAsync(hurry);

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        await _proxy.DisposeAsync();
        await _admin.DisposeAsync();
        _feed.Dispose();
        await _books.DisposeAsync();
    }

    private async Task ListenAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        // INVARIANT: the guard knows the admin listener before the first agent can ask for it.
        var (listen, own) = (settings.Options.Listen, _proxy.Services.GetRequiredService<OwnListeners>());
        await StartAsync(_admin, listen.Admin, "--admin", cancellationToken);
        Admin = AddressOf(_admin, Uri.UriSchemeHttp);
        own.Set([EndPointOf(listen.Admin, Admin), listen.Proxy.EndPoint]);
        await StartAsync(_proxy, listen.Proxy, "--listen", cancellationToken);
        Proxy = AddressOf(_proxy, listen.Tls is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps);
        own.Set([EndPointOf(listen.Admin, Admin), EndPointOf(listen.Proxy, Proxy)]);
        new RunFile(Environment.ProcessId, FromHere(Proxy), FromHere(Admin), settings.Policy, _books.AdminToken.Reveal()).Write(_data);
        _isServing = true;
    }

    private static async Task StartAsync(WebApplication app, ListenAddress address, string flag, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException fault)
        {
            throw new OperatorException($"can't listen on `{address}` ({fault.Message}); stop the program that uses the port, or choose another one with {flag}", OperatorException.Failed, fault);
        }
    }

    private async Task FinishAsync(CancellationToken hurry)
    {
        _isServing = false;
        RunFile.Remove(_data);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        bound.CancelAfter(_patience);
        var booked = _proxy.Services.GetRequiredService<Exchanges>().CloseAsync();
        await StopAsync(_proxy, bound.Token);
        await Task.WhenAny(booked, Task.Delay(Timeout.Infinite, bound.Token));
        await StopAsync(_admin, bound.Token);
    }

    private static async Task StopAsync(WebApplication app, CancellationToken bound)
    {
        try
        {
            await app.StopAsync(bound);
        }
        catch (OperationCanceledException)
        {
            // Its connections were cut off, or are as it is disposed.
        }
    }

    // Kestrel names the plain port https because TLS stands in its chain: what is spoken there is ours to say.
    private static Uri AddressOf(WebApplication app, string scheme)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new UriBuilder(address) { Scheme = scheme }.Uri;
    }

    // How a client on this machine calls it: nobody can call the address that stands for all of them.
    private static string FromHere(Uri bound)
    {
        var host = bound.Host switch { "0.0.0.0" => "127.0.0.1", "[::]" => "[::1]", var other => other };
        return new UriBuilder(bound) { Host = host }.Uri.GetLeftPart(UriPartial.Authority);
    }

    private static IPEndPoint EndPointOf(ListenAddress configured, Uri bound) => new(configured.Address, bound.Port);
}
