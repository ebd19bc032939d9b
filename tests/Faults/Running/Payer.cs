using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SmartProxy.Hosting;
using SmartProxy.Identity;
using SmartProxy.Installation;
using SmartProxy.Options;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Faults.Tests;

/// <summary>
/// The product's own books and payment flow without its sockets, so that a start is cheap: eight callers pay a <see cref="SignatureSink"/> as fast as they
/// can and say on standard output what they were answered. This very program, told by its environment to pay instead of testing.
/// </summary>
internal static class Payer
{
    private const string Variable = "SMARTPROXY_TEST_PAYER";
    private const int Callers = 8;

    public static bool IsAsked => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <param name="installation">Whose money.</param>
    /// <param name="sink">Who is paid.</param>
    /// <param name="crashAt">An edge to end at, or null.</param>
    public static Process Start(Installation installation, SignatureSink sink, string? crashAt)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(Payer).Assembly.Location]) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] told = [installation.Data.Path, installation.PolicyFile, installation.ConfigFile, sink.Port.ToString(CultureInfo.InvariantCulture)];
        start.Environment[Variable] = string.Join('\n', told);
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (crashAt is not null)
        {
            start.Environment[CrashPoint.Variable] = crashAt;
        }

        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable)!.Split('\n') is not [var data, var policy, var config, var port])
        {
            return 2;
        }

        var settings = RunSettings.Load(new DataFolder(data), policy, config, []) with { LogFormat = LogFormat.None };
        await using var books = await Books.OpenAsync(settings, CancellationToken.None);
        var services = new ServiceCollection().AddLogging();
        ProxyServer.AddParts(services, books, books.Metrics);
        await using var provider = services.BuildServiceProvider();
        var flow = provider.GetRequiredService<IPaymentFlow>();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => PayOnAsync(flow, int.Parse(port, CultureInfo.InvariantCulture), caller)));
        return 0;
    }

    // Until the budget is used up.
    private static async Task PayOnAsync(IPaymentFlow flow, int port, int caller)
    {
        using var seller = new TcpClient();
        await seller.ConnectAsync("127.0.0.1", port);
        using var reader = new StreamReader(seller.GetStream());
        await using var writer = new StreamWriter(seller.GetStream()) { AutoFlush = true };
        for (var number = 0; ; number++)
        {
            var call = new SinkCall(reader, writer, $"/{Environment.ProcessId}/{caller}/{number}");
            await flow.RunAsync(call);
            await Console.Out.WriteLineAsync(call.Answer);
            if (!call.Answer.StartsWith("paid", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private sealed class SinkCall(StreamReader reader, StreamWriter writer, string target) : IUpstreamCall
    {
        private static readonly HeldAnswer Asked = new(new AnswerHead(402, new HeaderDictionary { ["PAYMENT-REQUIRED"] = Terms.Required }), "{}"u8.ToArray(), IsBodyWhole: true);

        /// <summary>What the agent was answered.</summary>
        public string Answer { get; private set; } = "";

        public AgentIdentity Identity { get; } = new(new AgentId("me"), CancellationToken.None);

        public Origin Origin { get; } = Origin.TryParse("http://" + Installation.SinkHost, out var origin) ? origin : throw new UnreachableException();

        public string Method => "GET";

        public string Target => target;

        public bool IsUpgrade => false;

        public CancellationToken AgentGone => CancellationToken.None;

        public HeldAnswer Challenge => Asked;

        public string? RequestHeader(string name) => null;

        public ValueTask<Bytes32?> DigestBodyAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Bytes32?>(Bytes32.Sha256([]));

        public async ValueTask<PaidAttempt> SendPaidAsync(string headerName, string headerValue, Func<AnswerHead, PaidReply> onHead)
        {
            await writer.WriteLineAsync(headerValue);
            if (await reader.ReadLineAsync() is null)
            {
                return new PaidAttempt(null, IsComplete: false, NeverSent: false, default);
            }

            var head = new AnswerHead(200, new HeaderDictionary { ["PAYMENT-RESPONSE"] = Terms.Settled });
            var reply = onHead(head);
            Answer = "paid " + reply.Headers.Single(header => header.Key == OurHeaders.Receipt).Value;
            return new PaidAttempt(head, IsComplete: true, NeverSent: false, default);
        }

        public ValueTask PassChallengeOnAsync(IReadOnlyList<KeyValuePair<string, string>> headers) => Say("passed on");

        public ValueTask AnswerAsync(Refusal refusal) => Say("refused " + refusal.Reason);

        public ValueTask AnswerJsonAsync(ReadOnlyMemory<byte> document) => Say("json");

        private ValueTask Say(string answer)
        {
            Answer = answer;
            return ValueTask.CompletedTask;
        }
    }
}
