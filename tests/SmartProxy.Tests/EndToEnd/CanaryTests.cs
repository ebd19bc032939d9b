using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SmartProxy.Commands;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>
/// Secrets travel through the whole product, on good days and bad ones; afterwards they are looked for in everything that it logged, printed,
/// answered and stored. The agent's token may lie nowhere either: only its hash does.
/// </summary>
public sealed class CanaryTests : IAsyncLifetime
{
    private const string Cookie = "canary-cookie-7f3a";
    private const string Bearer = "canary-bearer-91cc";
    private const string Query = "canary-query-55e0";
    private const string RequestBody = "canary-request-0b1d";
    private const string ResponseBody = "canary-response-c24e";
    private const string SetCookie = "canary-set-cookie-8d77";
    private const string Presented = "canary-presented-3e66";
    private const string WalletKey = "00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee";
    private const string WrongToken = "sp_canary-wrong-token-4a4a";

    private readonly CapturedLogs _logs = new();
    private readonly List<(string Place, string Text)> _places = [];
    private ScriptedSeller _plain = null!;
    private ScriptedSeller _tls = null!;
    private RunningProxy _proxy = null!;
    private string _tokenOfMe = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (_plain, _tls) = (await ScriptedSeller.StartAsync(tls: false), await ScriptedSeller.StartAsync(tls: true));
        foreach (var seller in new[] { _plain, _tls })
        {
            Script(seller);
        }

        _proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Policy = OddWorld.PolicyFor(_plain.Authority, _tls.Authority),
            WalletKey = WalletKey,
            Logs = logging => logging.AddProvider(_logs).AddFilter<CapturedLogs>("SmartProxy", LogLevel.Trace),
        });
        _tokenOfMe = _proxy.TokenOf("me");
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _plain.DisposeAsync();
        await _tls.DisposeAsync();
        _logs.Dispose();
    }

    [Fact]
    [Trait("invariant", "I15")]
    public async Task No_secret_is_logged_printed_answered_or_stored()
    {
        await TravelAsync();
        await LookAroundAsync();
        await _proxy.StopAsync();
        await RunCommandsAsync();
        foreach (var file in new[] { "ledger/journal-000001.jsonl", "ledger/head.jsonl", "index.db", "credentials.json", "installation.json" })
        {
            _places.Add((file, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(_proxy.Data.In(file.Split('/')), Cancellation))));
        }

        _places.Add(("log", _logs.ToString()));
        var secrets = Secrets().ToList();
        var leaks = _places.SelectMany(place => secrets.Where(secret => place.Text.Contains(secret.Text, StringComparison.OrdinalIgnoreCase)).Select(secret => $"{secret.Name} in {place.Place}"));

        Assert.Equal([], leaks);

        // The search would have found something: what may be known is there.
        Assert.Contains("queryHmac", Journal(), StringComparison.Ordinal);
        Assert.Contains("/paid", Journal(), StringComparison.Ordinal);
        Assert.Contains("Paid 0.01 USD", _logs.ToString(), StringComparison.Ordinal);
        Assert.Contains("payment_outcome_unknown", Place("answers"), StringComparison.Ordinal);
        Assert.True(_plain.PaymentsAt("/paid").Count > 0 && _tls.PaymentsAt("/lost").Count > 0);
    }

    private static void Script(ScriptedSeller seller)
    {
        seller.Sell("/paid", context =>
        {
            context.Response.Headers.SetCookie = SetCookie;
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.Settled;
            return context.Response.WriteAsync(ResponseBody);
        });
        seller.Sell("/again", ScriptedSeller.AskAsync);
        seller.Sell("/lost", context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        seller.Sell("/failed", context =>
        {
            context.Response.StatusCode = 500;
            context.Response.Headers["PAYMENT-RESPONSE"] = Terms.NotSettled;
            return context.Response.WriteAsync(ResponseBody);
        });
        seller.On("/dear", context =>
        {
            context.Response.StatusCode = 402;
            context.Response.Headers["PAYMENT-REQUIRED"] = Terms.Header(amount: 900_000);
            return context.Response.WriteAsync(ResponseBody);
        });
        seller.On("/broken", context =>
        {
            context.Response.StatusCode = 402;
            context.Response.Headers["PAYMENT-REQUIRED"] = "%%%";
            return Task.CompletedTask;
        });
        seller.On("/abort", context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        seller.On("/free", context => context.Response.WriteAsync("free"));
    }

    /// <summary>Traffic with secrets in every place that has room for one, to every kind of answer.</summary>
    private async Task TravelAsync()
    {
        var answers = new StringBuilder();
        using var client = _proxy.As("me");
        foreach (var seller in new[] { _plain, _tls })
        {
            foreach (var path in new[] { "/free", "/paid", "/again", "/lost", "/failed", "/dear", "/broken", "/abort" })
            {
                using var answer = await client.SendAsync(Ask(seller, path), Cancellation);
                var isOrigins = path is "/free" or "/paid" or "/failed";
                answers.AppendLine(isOrigins ? string.Join('\n', answer.Headers.NonValidated.Where(header => header.Key.StartsWith("Smart-Proxy", StringComparison.Ordinal))) : await TextOf(answer));
            }

            // An agent's own payment, a header that can't be read, a body that breaks a promise.
            foreach (var (name, value) in new[] { ("PAYMENT-SIGNATURE", Presented), ("Authorization", "Payment " + Presented), ("Smart-Proxy-Max-Price", Presented), ("Idempotency-Key", Presented + new string('k', 300)), ("Smart-Proxy-Mode", Presented) })
            {
                var request = Ask(seller, "/paid");
                request.Headers.Remove(name);
                request.Headers.TryAddWithoutValidation(name, value);
                using var answer = await client.SendAsync(request, Cancellation);
                answers.AppendLine(await TextOf(answer));
            }
        }

        answers.AppendLine(await AskWithWrongTokenAsync());
        using var nowhere = await client.GetAsync($"http://127.0.0.1:9/{Query}?{Query}", Cancellation).ContinueWith(task => task.IsCompletedSuccessfully ? task.Result : null, TaskScheduler.Default);
        answers.AppendLine(nowhere is null ? "" : await TextOf(nowhere));
        _places.Add(("answers", answers.ToString()));
    }

    private static HttpRequestMessage Ask(ScriptedSeller seller, string path) => new(HttpMethod.Post, $"{seller.Url}{path}?key={Query}")
    {
        Content = new StringContent($$"""{"secret":"{{RequestBody}}"}""", Encoding.UTF8, "application/json"),
        Headers = { { "Cookie", "session=" + Cookie }, { "Authorization", "Bearer " + Bearer } },
    };

    private async Task<string> AskWithWrongTokenAsync()
    {
        using var handler = new SocketsHttpHandler { Proxy = new WebProxy(_proxy.Proxy) { Credentials = new NetworkCredential("me", WrongToken) } };
        using var client = new HttpClient(handler);
        using var plain = await client.SendAsync(Ask(_plain, "/paid"), Cancellation);
        Assert.Equal(HttpStatusCode.ProxyAuthenticationRequired, plain.StatusCode);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(Ask(_tls, "/paid"), Cancellation));
        return await TextOf(plain) + refused.Message;
    }

    /// <summary>Everything that the running product shows.</summary>
    private async Task LookAroundAsync()
    {
        foreach (var path in new[] { "/healthz", "/metrics", "/v1/agents", "/v1/payments?count=200", "/ca.pem", "/.well-known/jwks.json" })
        {
            _places.Add(("admin " + path, await _proxy.AdminAsync(path)));
        }

        foreach (var path in new[] { "/v1/me", "/v1/me/payments?count=200", "/v1/nothing?" + Query })
        {
            using var answer = await _proxy.OwnAsync("me", path);
            _places.Add((path, await TextOf(answer)));
        }

        using var payments = JsonDocument.Parse(Place("/v1/me/payments?count=200"));
        foreach (var payment in payments.RootElement.GetProperty("payments").EnumerateArray())
        {
            using var receipt = await _proxy.OwnAsync("me", "/v1/receipts/rcpt_" + payment.GetProperty("id").GetString(), accept: "application/json");
            Assert.Equal(HttpStatusCode.OK, receipt.StatusCode);
            _places.Add(("receipt", await TextOf(receipt)));
        }

        Assert.True(_places.Count(place => place.Place == "receipt") >= 8);
    }

    private async Task RunCommandsAsync()
    {
        var data = _proxy.Data.Path;
        string[][] commands =
        [
            ["payments", "--data", data, "--json"], ["payments", "--data", data], ["agent", "list", "--data", data], ["wallet", "list", "--data", data],
            ["ledger", "verify", "--data", data], ["policy", "check", _proxy.PolicyFile], ["freeze", "--data", data], ["unfreeze", "--data", data],
        ];
        foreach (var command in commands)
        {
            var output = new StringWriter();
            await CommandLineRoot.RunAsync(command, RunningProxy.Seams, output, output, Cancellation);
            _places.Add((string.Join(' ', command[..2]), output.ToString()));
        }
    }

    private IEnumerable<(string Name, string Text)> Secrets()
    {
        foreach (var (name, text) in new[]
        {
            ("a cookie", Cookie), ("a bearer token", Bearer), ("a query", Query), ("a request body", RequestBody), ("a response body", ResponseBody), ("a set cookie", SetCookie),
            ("an agent's own payment", Presented), ("a wrong token", WrongToken), ("the agent's token", _tokenOfMe), ("the admin token", _proxy.AdminToken), ("the password", Password),
        })
        {
            yield return (name, text);
            yield return (name + " in base64", Terms.Base64(text)[..^4]);
        }

        yield return ("the credentials of the proxy URL", Terms.Base64("me:" + _tokenOfMe));
        yield return ("the wallet's key", WalletKey);
        foreach (var payment in new[] { _plain, _tls }.SelectMany(seller => new[] { "/paid", "/again", "/lost", "/failed" }.SelectMany(seller.PaymentsAt)))
        {
            using var document = JsonDocument.Parse(Convert.FromBase64String(payment));
            yield return ("a payment header", payment[..64]);
            yield return ("a signature", document.RootElement.GetProperty("payload").GetProperty("signature").GetString()![2..66]);
        }
    }

    private string Password => File.ReadAllText(_proxy.Data.In("wallets", "main.password")).Trim();

    private string Journal() => Place("ledger/journal-000001.jsonl");

    private string Place(string name) => _places.First(place => place.Place == name).Text;

    private static Task<string> TextOf(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(Cancellation);

    /// <summary>Every record of our own categories at every level, with its exception and its scope-free state.</summary>
    private sealed class CapturedLogs : ILoggerProvider
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines);

        public void Dispose()
        {
        }

        public override string ToString() => string.Join('\n', _lines);

        private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Enqueue($"{logLevel} {category} {eventId.Id}: {formatter(state, exception)} {exception} {(state is IEnumerable<KeyValuePair<string, object?>> members ? string.Join(' ', members) : "")}");
        }
    }
}
