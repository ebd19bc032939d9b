using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SmartProxy.Forwarding.Targets;
using SmartProxy.Protocol;

namespace SmartProxy.Tests.Forwarding.Headers;

/// <summary>
/// An origin that believes a connection once somebody has shown credentials on it (NTLM, Negotiate: RFC 4559) must never take one agent for another,
/// whose request follows on the same connection.
/// </summary>
public sealed class ConnectionAuthenticationTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, string> _known = new();
    private TestOrigin _plain = null!;
    private TestOrigin _secure = null!;
    private ProxyFixture _proxy = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _plain = await TestOrigin.StartAsync(ServeAsync, HttpProtocols.Http1, tls: false);
        _secure = await TestOrigin.StartAsync(ServeAsync, HttpProtocols.Http1);
        _proxy = await ProxyFixture.StartAsync([_plain.Port, _secure.Port]);
        _proxy.Policy.Upstreams["intranet"] = new NamedUpstream("intranet", Origin.TryParse(_plain.Url, out var origin) ? origin : default, "");
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _plain.DisposeAsync();
        await _secure.DisposeAsync();
    }

    [Theory]
    [InlineData("NTLM TlRMTVNTUAAB")]
    [InlineData("Negotiate YII=")]
    [InlineData("ntlm x")]
    [InlineData("NEGOTIATE")]
    [InlineData("Basic eDp5, NTLM x")]
    [InlineData("Basic realm=\"a, b\",\tnegotiate x")]
    public async Task Credentials_for_a_whole_connection_reach_nobody_on_any_way_and_the_next_agent_is_nobody(string credentials)
    {
        foreach (var (url, client) in Ways())
        {
            using (client)
            {
                client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", credentials);
                using var refused = await client.GetAsync(url, Stop);

                Assert.Equal(HttpStatusCode.NotImplemented, refused.StatusCode);
                Assert.Equal("connection_authentication_not_supported", (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("reason").GetString());
            }

            foreach (var (other, another) in Ways())
            {
                using (another)
                {
                    Assert.Equal("you are nobody", await another.GetStringAsync(other, Stop));
                }
            }
        }

        Assert.Empty(_known);
    }

    [Theory]
    [InlineData("Bearer ntlm")]
    [InlineData("Basic bnRsbQ==")]
    [InlineData("Digest username=\"NTLM x\", negotiate=1")]
    [InlineData("NTLMx y")]
    public async Task Credentials_of_one_request_travel(string credentials)
    {
        foreach (var (url, client) in Ways())
        {
            using (client)
            {
                client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", credentials);
                Assert.Equal($"you are {credentials}", await client.GetStringAsync(url, Stop));
            }
        }
    }

    [Fact]
    public async Task Who_is_asked_for_them_hears_only_the_other_challenges()
    {
        foreach (var (url, client) in Ways())
        {
            using (client)
            {
                using var response = await client.GetAsync(url + "login", Stop);

                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.Equal(
                    ["Basic realm=\"a, NTLM b\", charset=\"UTF-8\", Bearer error=x", "Digest realm=\"negotiate\""],
                    response.Headers.NonValidated["WWW-Authenticate"]);
            }
        }
    }

    private IEnumerable<(string Url, HttpClient Client)> Ways()
    {
        yield return (_plain.Url + "/", _proxy.CreateClient());
        yield return (_secure.Url + "/", _proxy.CreateClient());
        var direct = new HttpClient();
        direct.DefaultRequestHeaders.Add("Smart-Proxy-Token", FakeAuthenticator.Token);
        yield return ($"http://127.0.0.1:{_proxy.Port}/u/intranet/", direct);
    }

    private Task ServeAsync(HttpContext context)
    {
        var credentials = context.Request.Headers.Authorization.ToString();
        if (credentials.StartsWith("NTLM ", StringComparison.OrdinalIgnoreCase) || credentials.Contains("Negotiate", StringComparison.Ordinal))
        {
            _known[context.Connection.Id] = credentials;
        }

        if (context.Request.Path == "/login")
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = new(["Negotiate", "Basic realm=\"a, NTLM b\", charset=\"UTF-8\", NTLM, Bearer error=x", "ntlm TlRM, Digest realm=\"negotiate\", Negotiate YII="]);
        }

        return context.Response.WriteAsync("you are " + (credentials.Length > 0 ? credentials : _known.GetValueOrDefault(context.Connection.Id, "nobody")));
    }
}
