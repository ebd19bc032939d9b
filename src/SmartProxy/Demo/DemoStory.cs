using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Protocol;
using SmartProxy.Text;

namespace SmartProxy.Demo;

/// <summary>
/// The demo: an agent buys over https and http, meets a seller that keeps a signature and asks again, and is refused when signed money has
/// reached its limit; then a receipt is verified.
/// </summary>
internal sealed class DemoStory(DemoParts parts, DemoTeller teller)
{
    /// <summary>One cent in units of a six-decimals token.</summary>
    public static readonly TokenAmount Price = new(10_000);

    public static readonly Usd DayLimit = new(30_000);

    public static readonly TokenAmount Funds = new(5_000_000);

    private static readonly TimeSpan ReceiptPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReceiptPause = TimeSpan.FromMilliseconds(50);

    private int _step;
    private bool _allRight = true;

    /// <summary>Returns 0 when every step came out right, else 1.</summary>
    public async Task<int> TellAsync(bool once, CancellationToken cancellationToken)
    {
        teller.Head("Smart Proxy demo. The chain and the seller are simulated on this machine: no account, no network, no money. Signatures are real.");
        await using var world = await DemoWorld.CreateAsync(parts, cancellationToken);
        using var agent = new DemoAgent(world.Proxy.Proxy, DemoWorld.Robot, world.RobotToken, world.CaPem);
        teller.Aside($"proxy {world.Proxy.Proxy}, seller {world.Seller.Https} and {world.Seller.Http}, data {world.Data}");
        teller.Aside($"wallet {world.Wallet} holds {Dollars(Funds)} USDC; agent `{DemoWorld.Robot}` may spend {DayLimit} a day");

        try
        {
            await TellStepsAsync(world, agent, cancellationToken);
        }
        catch (HttpRequestException fault)
        {
            Seen(false, $"the request failed: {Printable.Line(fault.Message)}");
        }

        teller.Line();
        teller.Head(_allRight ? "Every step came out right." : "Something is not as it should be.");
        if (!once)
        {
            await StayAsync(world, cancellationToken);
        }

        return _allRight ? 0 : OperatorException.Failed;
    }

    private async Task TellStepsAsync(DemoWorld world, DemoAgent agent, CancellationToken cancellationToken)
    {
        var (seller, chain) = (world.Seller, world.Chain);

        Step("Free traffic passes as it is.");
        var free = await agent.GetAsync(seller.Https, "/free", cancellationToken);
        Seen(free is { Status: 200, Paid: null }, $"{free.Status}, nothing paid");

        Step("The agent asks an API that charges, over https. It only sees the answer.");
        var bought = await agent.GetAsync(seller.Https, "/weather", cancellationToken);
        Seen(bought is { Status: 200, Receipt: not null, Paid: not null } && Moved(chain, world) == 1, $"{bought.Status} {bought.Body.Trim()}  paid: {bought.Paid}");

        Step("The same over plain http, which this policy allows.");
        var plain = await agent.GetAsync(seller.Http, "/weather", cancellationToken);
        Seen(plain is { Status: 200, Paid: not null } && Moved(chain, world) == 2, $"{plain.Status} {plain.Body.Trim()}  paid: {plain.Paid}");

        Step("A seller keeps the signature and asks again, as if nothing had been paid.");
        var greedy = await agent.GetAsync(seller.Https, "/greedy", cancellationToken);
        Seen(greedy.Status >= 400 && seller.KeptSignatures == 1, $"{greedy.Status} {greedy.Member("reason")}: it got one signature, not two");
        var held = await UsageAsync(agent, cancellationToken);
        Seen(held is { Spent: "0.02", Held: "0.01" }, $"books: {held.Spent} spent, {held.Held} held, because that signature can still be used");

        Step($"One more purchase would pass {DayLimit} a day, counting what is held.");
        var refused = await agent.GetAsync(seller.Https, "/weather?city=oslo", cancellationToken);
        Seen(refused.Status is 403 or 429 && refused.Member("reason") == "budget_exceeded" && Moved(chain, world) == 2, $"{refused.Status} {refused.Member("reason")}: {Printable.Line(refused.Member("detail"))}");

        Step("Now the seller uses the signature that it kept.");
        var charged = seller.ChargeKept();
        Seen(charged == 1 && Moved(chain, world) == 3, $"on chain {Dollars(new TokenAmount(Price.Units * (UInt128)Moved(chain, world)))} left the wallet, and the limit is {DayLimit}: it held");

        Step("Every payment has a receipt, signed by the proxy.");
        await VerifyReceiptAsync(agent, bought.Receipt ?? "", cancellationToken);
    }

    private async Task VerifyReceiptAsync(DemoAgent agent, string id, CancellationToken cancellationToken)
    {
        var keys = await agent.AskProxyAsync("/.well-known/jwks.json", cancellationToken);
        var answer = await agent.AskProxyAsync("/v1/receipts/" + id, cancellationToken);

        // A receipt is made when its answer has ended: that may be a moment later.
        for (var waited = TimeSpan.Zero; answer.Status == 404 && waited < ReceiptPatience; waited += ReceiptPause)
        {
            await Task.Delay(ReceiptPause, parts.Time, cancellationToken);
            answer = await agent.AskProxyAsync("/v1/receipts/" + id, cancellationToken);
        }

        var receipt = answer.Body.Trim();
        var objection = answer.Status == 200 ? parts.VerifyReceipt(receipt, keys.Body) : $"the proxy answered {answer.Status}";
        Seen(objection is null, objection is null ? $"receipt {id}: the signature is good" : $"receipt {id}: {Printable.Line(objection)}");
        var forged = Forge(receipt);
        Seen(parts.VerifyReceipt(forged, keys.Body) is not null, "a changed copy of it is not");
    }

    private static async Task<(string Spent, string Held)> UsageAsync(DemoAgent agent, CancellationToken cancellationToken)
    {
        var me = await agent.AskProxyAsync("/v1/me", cancellationToken);
        if (me.Status != 200)
        {
            return ("?", "?");
        }

        using var json = JsonDocument.Parse(me.Body);
        var day = json.RootElement.GetProperty("limits").EnumerateArray().FirstOrDefault(limit => limit.GetProperty("limit").GetString() == DayLimit.ToString());
        return day.ValueKind == JsonValueKind.Object ? (day.GetProperty("spent").GetString()!, day.GetProperty("held").GetString()!) : ("?", "?");
    }

    private async Task StayAsync(DemoWorld world, CancellationToken cancellationToken)
    {
        var proxy = world.Proxy.Proxy;
        var curl = $"curl -x http://{DemoWorld.Guest}:{world.GuestToken}@{proxy.Authority} --cacert {world.Data.CaCertificate}";
        teller.Line($"""

            Try it yourself; this stays up until Ctrl-C. Agent `{DemoWorld.Guest}` may spend 1.00 a day:
              {curl} {new Uri(world.Seller.Https, "/weather")}
              {curl} {new Uri(world.Seller.Http, "/weather")}
              {curl} {new Uri(world.Seller.Https, "/greedy")}
              curl -H 'Smart-Proxy-Token: {world.GuestToken}' {new Uri(proxy, "/v1/me")}
              smartproxy payments --data {world.Data}
              smartproxy freeze --data {world.Data}
            """);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            teller.Line("\nThe demo's folder is removed.");
        }
    }

    private void Step(string text) => teller.Step(++_step, text);

    private void Seen(bool isRight, string text)
    {
        _allRight &= isRight;
        teller.Seen(isRight, text);
    }

    /// <summary>How many prices have left the wallet on the chain.</summary>
    private static int Moved(SimulatedChain chain, DemoWorld world) => (int)((Funds.Units - chain.BalanceOf(world.Wallet).Units) / Price.Units);

    private static string Dollars(TokenAmount amount) => new Usd(amount.Units).ToString();

    // Flips one character inside the payload.
    private static string Forge(string receipt)
    {
        var at = receipt.IndexOf('.', StringComparison.Ordinal) + 20;
        return at < receipt.Length && at >= 20 ? receipt[..at] + (receipt[at] == 'A' ? 'B' : 'A') + receipt[(at + 1)..] : receipt + "A";
    }
}
