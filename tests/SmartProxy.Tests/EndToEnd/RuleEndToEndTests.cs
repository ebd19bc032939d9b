using System.Globalization;
using System.Net;
using System.Text.Json;

namespace SmartProxy.Tests.EndToEnd;

/// <summary>Each kind of rule refuses and allows through the real proxy: policy file, connection, books, signature and seller are the real ones.</summary>
public sealed class RuleEndToEndTests(RuleWorld world) : IClassFixture<RuleWorld>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Scripts => [.. RuleKinds.All.Where(kind => kind.Script.Length > 0).Select(kind => (kind.Agent, kind.Script))];

    [Theory, MemberData(nameof(Scripts))]
    public async Task A_rule_allows_and_refuses(string agent, string script)
    {
        if (agent == "approval-recipient")
        {
            using var known = await world.BuyAsync("me", "one", 1); // somebody here has paid this recipient before
        }

        Assert.Equal(script, await world.PlayAsync(agent, script));
    }

    [Fact]
    public async Task Without_pins_every_recipient_has_to_be_listed()
    {
        await using var seller = await ScriptedSeller.StartAsync(tls: true);
        seller.Sell("/paid", ScriptedSeller.DeliverAsync);
        await using var proxy = await RunningProxy.StartAsync(new ProxySetup
        {
            Agents = ["listed"],
            Policy = $$"""
                { "networks": ["base-sepolia"], "pins": false, "categories": { "unnamed": ["{{seller.Authority}}"] },
                  "agents": { "me": { "allow": ["*"], "limits": { "day": "1.00" } }, "listed": { "allow": ["*"], "recipients": ["{{RuleWorld.A}}"], "limits": { "day": "1.00" } } } }
                """,
        });
        using var me = proxy.As("me");
        using var listed = proxy.As("listed");
        using var refused = await me.GetAsync(seller.Url + "/paid", Cancellation);
        using var paid = await listed.GetAsync(seller.Url + "/paid", Cancellation);

        Assert.Equal(("recipient_not_allowed", "ok"), (await RuleWorld.EndAsync(refused), await RuleWorld.EndAsync(paid)));
    }

    [Fact]
    public async Task A_group_is_one_pot_for_all_who_are_in_it()
    {
        Assert.Equal("one 1 ok", await world.PlayAsync("lab-1", "one 1 ok"));
        Assert.Equal("one 1 ok | one 1 budget_exceeded", await world.PlayAsync("mate", "one 1 ok | one 1 budget_exceeded"));
    }

    [Fact]
    public async Task A_refusal_tells_rule_figures_and_what_helps()
    {
        using var first = await world.BuyAsync("figures", "one", 1);
        using var full = await world.BuyAsync("figures", "one", 30);
        var problem = await RuleWorld.ProblemAsync(full);
        string? Text(string name) => problem.GetProperty(name).GetString();

        Assert.Equal(("budget_exceeded", "agents.figures.limits.day", "0.30", "0.02"), (Text("reason"), Text("rule"), Text("price"), Text("limit")));
        Assert.Contains("smart-proxy; error=http_request_denied", full.Headers.GetValues("Proxy-Status").Single(), StringComparison.Ordinal);
        Assert.True(DateTimeOffset.Parse(Text("resetsAt")!, CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task A_count_that_refills_within_a_minute_answers_429_with_a_wait()
    {
        using var first = await world.BuyAsync("soon", "one", 1);
        using var refused = await world.BuyAsync("soon", "one", 1);
        var problem = await RuleWorld.ProblemAsync(refused);

        Assert.Equal((HttpStatusCode.TooManyRequests, "count_exceeded"), (refused.StatusCode, problem.GetProperty("reason").GetString()));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Contains("allows 1 payment", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_schedule_says_when_it_opens()
    {
        using var refused = await world.BuyAsync("schedule-closed", "one", 1);
        var problem = await RuleWorld.ProblemAsync(refused);

        Assert.Equal("agents.schedule-closed.schedule", problem.GetProperty("rule").GetString());
        Assert.InRange(DateTimeOffset.Parse(problem.GetProperty("resetsAt").GetString()!, CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow, TimeSpan.FromHours(23), TimeSpan.FromDays(2));
    }

    [Fact]
    public async Task One_payment_at_a_time_means_until_its_answer_is_booked()
    {
        var (arrived, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        world.Seller("one").Sell("/slow", async context =>
        {
            arrived.TrySetResult();
            await gate.Task;
            await ScriptedSeller.DeliverAsync(context);
        });
        using var client = world.Proxy.As("concurrent");
        var slow = client.GetAsync(world.Seller("one").Url + "/slow", Cancellation);
        await arrived.Task.WaitAsync(Cancellation);

        using var meanwhile = await world.BuyAsync("concurrent", "one", 1);
        gate.SetResult();
        using var answer = await slow;
        using var after = await world.BuyAsync("concurrent", "one", 1);

        Assert.Equal(("count_exceeded", "ok", "ok"), (await RuleWorld.EndAsync(meanwhile), await RuleWorld.EndAsync(answer), await RuleWorld.EndAsync(after)));
    }

    [Fact]
    public async Task A_seller_that_takes_money_and_delivers_nothing_is_suspended_after_as_many_times_as_the_rule_says()
    {
        Assert.Equal("four:/500-a 1 500 | four:/500-b 1 500", await world.PlayAsync("breaker", "four:/500-a 1 500 | four:/500-b 1 500"));

        using var third = await world.BuyAsync("breaker", "four", 1);
        using var other = await world.BuyAsync("breaker", "one", 1);

        Assert.Equal(("merchant_suspended", "ok"), (await RuleWorld.EndAsync(third), await RuleWorld.EndAsync(other)));
        Assert.NotNull(third.Headers.RetryAfter);
    }

    [Fact]
    public async Task The_agents_own_ceiling_only_tightens()
    {
        using var refused = await world.BuyAsync("max-price", "one", 2, ("Smart-Proxy-Max-Price", "0.01"));
        using var paid = await world.BuyAsync("max-price", "one", 2, ("Smart-Proxy-Max-Price", "0.02"));

        Assert.Equal(("amount_over_max_price", "ok"), (await RuleWorld.EndAsync(refused), await RuleWorld.EndAsync(paid)));
    }

    [Fact]
    public async Task A_grant_gives_room_beyond_a_limit_until_it_is_used_up_and_the_file_stays()
    {
        var file = await File.ReadAllTextAsync(world.Proxy.PolicyFile, Cancellation);
        Assert.Equal("one 1 ok | one 1 budget_exceeded", await world.PlayAsync("granted", "one 1 ok | one 1 budget_exceeded"));

        var (code, _, error) = await world.Proxy.CommandAsync("grant", "add", "agent:granted", "0.02", "--for", "1h", "--reason", "a deadline");
        using var me = await world.Proxy.OwnAsync("granted", "/v1/me");
        using var shown = JsonDocument.Parse(await me.Content.ReadAsStringAsync(Cancellation));

        Assert.Equal((0, ""), (code, error));
        Assert.Equal("0.02", Assert.Single(shown.RootElement.GetProperty("grants").EnumerateArray()).GetProperty("left").GetString());
        Assert.Equal("one 1 ok | one 1 ok | one 1 budget_exceeded", await world.PlayAsync("granted", "one 1 ok | one 1 ok | one 1 budget_exceeded"));
        Assert.Equal(file, await File.ReadAllTextAsync(world.Proxy.PolicyFile, Cancellation));
        var (_, list, _) = await world.Proxy.CommandAsync("grant", "list");
        Assert.Contains("used", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_held_request_goes_on_when_a_person_agrees_on_the_command_line()
    {
        var running = world.BuyAsync("held", "one", 2);
        var id = await AskedAsync(running, "held");
        var (code, output, _) = await world.Proxy.CommandAsync("approve", id, "--reason", "known seller");
        using var answer = await running;

        Assert.Equal((0, "ok"), (code, await RuleWorld.EndAsync(answer)));
        Assert.Contains("approved, once: 0.02 USD of held", output, StringComparison.Ordinal);
        using var receipt = JsonDocument.Parse(await ReceiptAsync("held", answer));
        Assert.Equal(id, receipt.RootElement.GetProperty("decision").GetProperty("approval").GetString());
    }

    [Fact]
    public async Task The_first_payment_to_an_unknown_host_waits_and_the_next_does_not()
    {
        var running = world.BuyAsync("held-host", "fresh", 1);
        var id = await AskedAsync(running, "held-host");
        await world.Proxy.CommandAsync("approve", id);
        using var first = await running;
        using var second = await world.BuyAsync("held-host", "fresh", 1);

        Assert.Equal(("ok", "ok"), (await RuleWorld.EndAsync(first), await RuleWorld.EndAsync(second)));
    }

    [Fact]
    public async Task A_changed_recipient_is_held_for_a_person_instead_of_refused()
    {
        using var pinned = await world.BuyAsync("recipients-pin", "moved", 1);
        var running = world.BuyAsync("held-pin", "moved@C", 1);
        var id = await AskedAsync(running, "held-pin");
        using var asked = JsonDocument.Parse(await world.Proxy.AdminAsync("/v1/approvals"));
        var why = asked.RootElement.GetProperty("approvals").EnumerateArray().Single(approval => approval.GetProperty("id").GetString() == id).GetProperty("why").GetString();
        await world.Proxy.CommandAsync("approve", id);
        using var answer = await running;

        Assert.Contains("the seller was paid at another recipient before", why, StringComparison.Ordinal);
        Assert.Equal("ok", await RuleWorld.EndAsync(answer));
    }

    [Fact]
    public async Task A_denial_ends_the_wait_and_the_agent_hears_it()
    {
        var running = world.BuyAsync("held", "two", 3);
        var id = await AskedAsync(running, "held", "0.03");
        await world.Proxy.CommandAsync("deny", id, "--reason", "too dear");
        using var answer = await running;

        Assert.Equal("approval_denied", await RuleWorld.EndAsync(answer));
    }

    [Fact]
    public async Task Without_a_hold_the_agent_asks_again_and_pays_once_a_person_agreed()
    {
        var url = world.Offer("one", 2);
        using var client = world.Proxy.As("told");
        using var first = await client.GetAsync(url, Cancellation);
        var problem = await RuleWorld.ProblemAsync(first);
        var id = problem.GetProperty("approval").GetString()!;
        using var mine = await world.Proxy.OwnAsync("told", "/v1/me/approvals");
        using var other = await world.Proxy.OwnAsync("me", "/v1/me/approvals");

        await world.Proxy.CommandAsync("approve", id);
        using var second = await client.GetAsync(url, Cancellation);
        using var third = await client.GetAsync(url, Cancellation);

        Assert.Equal(("approval_pending", 30), (problem.GetProperty("reason").GetString(), (int)first.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Contains(id, await mine.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.DoesNotContain(id, await other.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(("ok", "approval_pending"), (await RuleWorld.EndAsync(second), await RuleWorld.EndAsync(third)));
    }

    [Fact]
    public async Task Why_names_the_line_and_an_edit_that_really_lets_it_pass()
    {
        using var first = await world.BuyAsync("why", "one", 1);
        using var refused = await world.BuyAsync("why", "one", 3);
        var receipt = refused.Headers.GetValues("Smart-Proxy-Receipt").Single();

        var (code, output, error) = await world.Proxy.CommandAsync("why", receipt);

        var lines = await File.ReadAllLinesAsync(world.Proxy.PolicyFile, Cancellation);
        var line = Array.FindIndex(lines, text => text.Contains("\"why\":", StringComparison.Ordinal)) + 1;
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"rule     agents.why.limits.day  {world.Proxy.PolicyFile}:{line}", output, StringComparison.Ordinal);
        Assert.Contains("raise agents.why.limits.day from 0.01 to 0.04", output, StringComparison.Ordinal);
        Assert.Contains("refuses", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_shows_the_trace_and_how_the_limits_stand_in_the_running_process()
    {
        using var first = await world.BuyAsync("explained", "one", 1);

        var (code, output, error) = await world.Proxy.CommandAsync("policy", "explain", "explained", world.Seller("one").Url + "/x", "0.01", "--policy", world.Proxy.PolicyFile);
        var (denied, refused, _) = await world.Proxy.CommandAsync("policy", "explain", "explained", world.Seller("one").Url + "/x", "0.60", "--policy", world.Proxy.PolicyFile);

        Assert.Equal((0, 1, ""), (code, denied, error));
        Assert.Contains("(agents.explained.limits.day): 0.03 left (0.01 spent, 0.00 held)", output, StringComparison.Ordinal);
        Assert.Contains("allows   policies.open.allow[0]", output, StringComparison.Ordinal);
        Assert.Contains("refuses  policies.open.limits.payment", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_paid_receipt_carries_the_trace_and_every_limit_with_its_figures()
    {
        using var answer = await world.BuyAsync("me", "one", 1);
        using var receipt = JsonDocument.Parse(await ReceiptAsync("me", answer));
        var decision = receipt.RootElement.GetProperty("decision");

        var day = decision.GetProperty("limits").EnumerateArray().Single(limit => limit.GetProperty("id").GetString() == "policies.open.limits.day");
        Assert.Equal("9.00", day.GetProperty("limit").GetString());
        Assert.True(day.TryGetProperty("spent", out _) && day.TryGetProperty("held", out _) && day.TryGetProperty("remaining", out _));
        Assert.Contains(decision.GetProperty("trace").EnumerateArray(), step => step.GetProperty("rule").GetString()!.StartsWith("policies.open.allow[0]", StringComparison.Ordinal));
    }

    // A request that is not held ends instead of asking, and then there is nothing to wait for.
    private async Task<string> AskedAsync(Task<HttpResponseMessage> running, string agent, string? price = null)
    {
        while (true)
        {
            Assert.False(running.IsCompleted, running.IsCompletedSuccessfully ? await RuleWorld.EndAsync(await running) : running.Exception?.Message);

            using var list = JsonDocument.Parse(await world.Proxy.AdminAsync("/v1/approvals"));
            var open = list.RootElement.GetProperty("approvals").EnumerateArray().FirstOrDefault(approval =>
                approval.GetProperty("agent").GetString() == agent && approval.GetProperty("state").GetString() == "open" && (price is null || approval.GetProperty("price").GetString() == price));
            if (open.ValueKind is JsonValueKind.Object)
            {
                return open.GetProperty("id").GetString()!;
            }

            await Task.Yield();
        }
    }

    private async Task<string> ReceiptAsync(string agent, HttpResponseMessage answer)
    {
        var id = answer.Headers.GetValues("Smart-Proxy-Receipt").Single();
        for (var attempt = 0; ; attempt++)
        {
            Assert.InRange(attempt, 0, 100);
            using var receipt = await world.Proxy.OwnAsync(agent, "/v1/receipts/" + id, "application/json");
            if (receipt.IsSuccessStatusCode)
            {
                return await receipt.Content.ReadAsStringAsync(Cancellation);
            }

            await Task.Yield();
        }
    }
}
