using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Storage;

/// <summary>Agreements and grants under many callers at once, and over a restart.</summary>
public sealed class LedgerGuardTests : IDisposable
{
    private static readonly ApprovalGuard Asks = new("agents.me.approval", IsAbove: true, false, false, false, TimeSpan.Zero, TimeSpan.FromHours(1));

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Of_sixty_four_callers_with_one_agreement_exactly_one_pays()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        for (var round = 0; round < 20; round++)
        {
            var request = Asking(round * 100, ledger, "request " + round);
            await AnswerAsync(ledger, request, round, approved: true);

            var outcomes = await Task.WhenAll(Enumerable.Range(1, 64).Select(i => Task.Run(() => ReserveAsync(ledger, Asking((round * 100) + i, ledger, "request " + round)))));
            Assert.Single(outcomes.OfType<ReserveOutcome.Reserved>());
            Assert.All(outcomes.OfType<ReserveOutcome.Refused>(), refused => Assert.Equal(ReserveRefusal.ApprovalPending, refused.Reason));
        }
    }

    [Fact]
    public async Task Sixty_four_callers_who_want_the_same_ask_one_question()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var asked = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(async () =>
        {
            var request = Asking(i, ledger, "page");
            var refused = Assert.IsType<ReserveOutcome.Refused>(await ReserveAsync(ledger, request));
            try
            {
                await ledger.Host.RecordAsync(new LedgerEvent.ApprovalRequested(request.Id, refused.Approval!, request.Context, new RefusalFigures(), ledger.Time.GetUtcNow().AddHours(1)));
                return 1;
            }
            catch (LedgerInvariantException)
            {
                return 0;
            }
        })));

        Assert.Equal(1, asked.Sum());
        Assert.Single(await ledger.Host.ApprovalsAsync(Token));
    }

    [Fact]
    public async Task Two_hundred_callers_never_exceed_the_limit_and_the_grant_together()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        for (var round = 0; round < 20; round++)
        {
            var agent = "r" + round;
            var line = Purchases.Total(agent, 100_000);
            var grant = Id(round);
            await ledger.Host.RecordAsync(new LedgerEvent.Granted(grant, BudgetOwner.Agent(new AgentId(agent)), null, new Usd(55_000), ledger.Time.GetUtcNow().AddHours(1), "operator", "why"));

            var first = round * 200;
            var outcomes = await Task.WhenAll(Enumerable.Range(first, 200).Select(number => Task.Run(() => ledger.ReserveAsync(number, agent, line))));
            Assert.Equal(15, outcomes.OfType<ReserveOutcome.Reserved>().Count());
            Assert.All(outcomes.OfType<ReserveOutcome.Refused>(), refused => Assert.Equal(ReserveRefusal.BudgetExceeded, refused.Reason));
            Assert.Equal(new Usd(50_000), (await ledger.Host.GrantsAsync(Token)).Single(view => view.Grant.Grant == grant).Used);
        }
    }

    [Fact]
    public async Task Questions_answers_and_grants_are_the_same_after_a_restart()
    {
        IReadOnlyList<ApprovalView> approvals;
        IReadOnlyList<GrantView> grants;
        var line = Purchases.Total("me", 15_000);
        await using (var before = await OpenLedger.OpenAsync(_folder.Path))
        {
            await AnswerAsync(before, Asking(1, before, "agreed"), 1, approved: true);
            await AnswerAsync(before, Asking(2, before, "used"), 2, approved: true);
            await AnswerAsync(before, Asking(3, before, "denied"), 3, approved: false);
            await AnswerAsync(before, Asking(4, before, "open"), 4, approved: null);
            await before.Host.RecordAsync(new LedgerEvent.Granted(Id(9), BudgetOwner.Agent(new AgentId("me")), null, new Usd(9_000), before.Time.GetUtcNow().AddHours(1), "operator", "why"));
            Assert.IsType<ReserveOutcome.Reserved>(await ReserveAsync(before, Asking(5, before, "used") with { Lines = [line] }));
            await before.PayAsync(6, line);
            (approvals, grants) = (await before.Host.ApprovalsAsync(Token), await before.Host.GrantsAsync(Token));
        }

        await using var after = await OpenLedger.OpenAsync(_folder.Path);
        Assert.Equal(approvals.Select(Told), (await after.Host.ApprovalsAsync(Token)).Select(Told));
        Assert.Equal(["Approved", "Denied", "Open", "Used"], approvals.Select(view => view.State.ToString()).Order());
        Assert.Equal(grants, await after.Host.GrantsAsync(Token));
        Assert.Equal(new Usd(5_000), Assert.Single(grants).Used);

        Assert.IsType<ReserveOutcome.Reserved>(await ReserveAsync(after, Asking(7, after, "agreed")));
        foreach (var (request, reason) in new[] { ("agreed", ReserveRefusal.ApprovalPending), ("used", ReserveRefusal.ApprovalPending), ("denied", ReserveRefusal.ApprovalDenied), ("open", ReserveRefusal.ApprovalPending) })
        {
            Assert.Equal(reason, Assert.IsType<ReserveOutcome.Refused>(await ReserveAsync(after, Asking(8, after, request))).Reason);
        }

        Assert.IsType<ReserveOutcome.Refused>(await after.ReserveAsync(10, lines: line));

        static object Told(ApprovalView view) => (view.Id, view.Question, view.Figures, view.AskedAt, view.ExpiresAt, view.State, view.By, view.Reason);
    }

    [Fact]
    public async Task A_late_answer_is_refused_and_harms_nobody()
    {
        await using var ledger = await OpenLedger.OpenAsync(_folder.Path);
        var request = Asking(1, ledger, "page");
        await AnswerAsync(ledger, request, 1, approved: null);
        ledger.Time.Advance(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<LedgerInvariantException>(() => ledger.Host.RecordAsync(new LedgerEvent.ApprovalAnswered(Id(1), true, "operator", "late", ledger.Time.GetUtcNow())).AsTask());
        Assert.Null(ledger.Host.Health.Trouble);
        await ledger.PayAsync(2);
    }

    private static async Task AnswerAsync(OpenLedger ledger, ReserveRequest request, int number, bool? approved)
    {
        var refused = Assert.IsType<ReserveOutcome.Refused>(await ReserveAsync(ledger, request));
        var expires = ledger.Time.GetUtcNow().AddHours(1);
        await ledger.Host.RecordAsync(new LedgerEvent.ApprovalRequested(Id(number), refused.Approval!, request.Context, new RefusalFigures(new Usd(1)), expires));
        if (approved is { } agreed)
        {
            await ledger.Host.RecordAsync(new LedgerEvent.ApprovalAnswered(Id(number), agreed, "operator", "because", expires));
        }
    }

    private static Task<ReserveOutcome> ReserveAsync(OpenLedger ledger, ReserveRequest request) => ledger.Host.ReserveAsync(request, Token).AsTask();

    private static ReserveRequest Asking(int number, OpenLedger ledger, string request) => Purchases.Request(number, ledger.Time.GetUtcNow()) with
    {
        Guards = new PaymentGuards(Approval: Asks),
        RequestDigest = Bytes32.Sha256(System.Text.Encoding.UTF8.GetBytes(request)),
    };

    private static PaymentId Id(int number) => PaymentId.Create(DateTimeOffset.UnixEpoch, [.. BitConverter.GetBytes(number), .. new byte[6]]);
}
