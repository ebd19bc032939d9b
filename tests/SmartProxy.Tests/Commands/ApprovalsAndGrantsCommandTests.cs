using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Tests.AdminApi;

namespace SmartProxy.Tests.Commands;

/// <summary>Answers, grants and <c>why</c> on a stopped system: recorded under its lock, with who and why.</summary>
public sealed class ApprovalsAndGrantsCommandTests : IDisposable
{
    private readonly CommandKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public async Task Approvals_lists_what_waits_for_a_person()
    {
        var (code, output, _) = await _kit.RunAsync("approvals", "--data", _kit.Data);

        Assert.Equal(0, code);
        Assert.Contains("nobody here has paid this host yet", output, StringComparison.Ordinal);
        Assert.Contains(FakeBooks.AskedByA.Value, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approve_records_the_persons_name()
    {
        var (code, output, _) = await _kit.RunAsync("approve", FakeBooks.AskedByA.Value, "--data", _kit.Data);

        var answered = Assert.IsType<LedgerEvent.ApprovalAnswered>(Assert.Single(_kit.Recorded));
        Assert.Equal((0, true, "cli:" + Environment.UserName), (code, answered.Approved, answered.By));
        Assert.Contains("approved, once: 0.01 USD of a", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("deny", "01jaskaaaaaaaaaaaaaaaaaaaa")] // without a reason
    [InlineData("approve", "nonsense")]
    [InlineData("approve", "01jzzzzzzzzzzzzzzzzzzzzzzz")]
    public async Task An_answer_that_can_not_be_given_says_what_to_do(string command, string id)
    {
        var (code, _, error) = await _kit.RunAsync(command, id, "--data", _kit.Data);

        Assert.NotEqual(0, code);
        Assert.StartsWith("smartproxy: ", error, StringComparison.Ordinal);
        Assert.Empty(_kit.Recorded);
    }

    [Fact]
    public async Task A_grant_is_given_for_a_while_and_never_touches_the_policy_file()
    {
        await _kit.InitAsync();
        var before = await File.ReadAllTextAsync(_kit.Policy, TestContext.Current.CancellationToken);

        var (code, output, _) = await _kit.RunAsync("grant", "add", "agent:me", "5.00", "--for", "2h", "--reason", "deadline", "--merchant", "exa", "--data", _kit.Data);

        var granted = Assert.IsType<LedgerEvent.Granted>(Assert.Single(_kit.Recorded));
        Assert.Equal((0, BudgetOwner.Agent(new AgentId("me")), "exa", new Usd(5_000_000), "deadline"), (code, granted.Owner, granted.Merchant, granted.Amount, granted.Reason));
        Assert.Contains("granted 5.00 USD beyond the limits of agent:me", output, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(_kit.Policy, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("me", "5.00", "2h")]
    [InlineData("agent:me", "99999.00", "2h")]
    [InlineData("agent:me", "5.00", "30d")]
    public async Task A_grant_without_bounds_is_refused_before_anything_is_opened(string owner, string amount, string time)
    {
        var (code, _, error) = await _kit.RunAsync("grant", "add", owner, amount, "--for", time, "--reason", "x", "--data", _kit.Data);

        Assert.Equal(2, code);
        Assert.StartsWith("smartproxy: expected ", error, StringComparison.Ordinal);
        Assert.Empty(_kit.Recorded);
    }

    [Fact]
    public async Task Grants_are_listed_and_taken_back()
    {
        var (_, list, _) = await _kit.RunAsync("grant", "list", "--data", _kit.Data);
        var (code, output, _) = await _kit.RunAsync("grant", "revoke", FakeBooks.Grant.Value, "--reason", "done", "--data", _kit.Data);

        Assert.Contains("agent:a", list, StringComparison.Ordinal);
        Assert.Equal((0, "revoked; 1.00 USD of it were used"), (code, output.Trim()));
        Assert.IsType<LedgerEvent.GrantRevoked>(Assert.Single(_kit.Recorded));
    }

    [Fact]
    public async Task Why_takes_a_receipt_by_its_id_or_from_a_file()
    {
        var (byId, output, _) = await _kit.RunAsync("why", "rcpt_" + FakeArchive.PaymentOfA, "--data", _kit.Data);
        await File.WriteAllTextAsync(_kit.File_("receipt"), """{"id":"y","decision":{}}""", TestContext.Current.CancellationToken);
        var (byFile, fromFile, _) = await _kit.RunAsync("why", _kit.File_("receipt"), "--data", _kit.Data);
        var (unknown, _, error) = await _kit.RunAsync("why", "rcpt_" + FakeArchive.PaymentOfB, "--data", _kit.Data);

        Assert.Equal((0, 0, 1), (byId, byFile, unknown));
        Assert.Contains("\"id\":\"x\"", output, StringComparison.Ordinal);
        Assert.Contains("\"id\":\"y\"", fromFile, StringComparison.Ordinal);
        Assert.Contains("there is no receipt", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quote_needs_the_running_process()
    {
        var (code, _, error) = await _kit.RunAsync("quote", "https://api.test/", "--agent", "me", "--data", _kit.Data);

        Assert.Equal(1, code);
        Assert.Contains("start it with `smartproxy run`", error, StringComparison.Ordinal);
    }
}
