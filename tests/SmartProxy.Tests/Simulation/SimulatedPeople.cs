using SmartProxy.AdminApi;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;

namespace SmartProxy.Tests.Simulation;

/// <summary>What people do by chance with questions and with grants. Whatever may have been recorded, the promises know before.</summary>
internal sealed class SimulatedPeople(SimulatedWorld world)
{
    private static readonly string[] Pots = ["organization", "group", "merchant:a", "agent:x", "agent:y", "agent:z"];

    private readonly Random _chance = world.Chance;

    /// <summary>Somebody looks at what waits for a person, and answers one of the questions.</summary>
    public async Task AnswerAsync()
    {
        var open = new List<ApprovalView>();
        await TryAsync(async ledger => open.AddRange((await ledger.QueryAsync((books, now) => books.Approvals(now), CancellationToken.None)).Where(view => view.State is ApprovalState.Open)));
        if (open.Count == 0)
        {
            return;
        }

        var view = open[_chance.Next(open.Count)];
        var answer = Answers.To(view, isApproved: _chance.Next(4) > 0, "person", "test", world.Time.GetUtcNow());
        if (answer.Approved)
        {
            var request = $"{view.Context.Method} {view.Context.Origin}{view.Context.Path}";
            world.Promises.People.Agree(new Agreement(view.Question.Agent.Value, request, view.Figures.PayTo!.Value, view.Figures.Amount!, answer.ExpiresAt));
        }

        await RecordAsync(answer, answer.Approved ? "approved" : "denied");
    }

    public async Task GrantAsync()
    {
        var (pot, now) = (Pots[_chance.Next(Pots.Length)], world.Time.GetUtcNow());
        var id = new byte[10];
        world.Bytes.Fill(id);
        var grant = new Grant(PaymentId.Create(now, id), pot, _chance.Next(3) == 0 ? "a" : null, (ulong)_chance.Next(1, 6) * 10_000, now + TimeSpan.FromMinutes(_chance.Next(1, 20)));
        Assert.True(BudgetOwner.TryParse(pot == "group" ? "group:g" : pot, out var owner));
        world.Promises.People.Give(grant);
        await RecordAsync(new LedgerEvent.Granted(grant.Id, owner, grant.Seller, new Usd(grant.Most), grant.Ends, "person", "test"), "granted");
    }

    public async Task RevokeAsync()
    {
        if (world.Promises.People.LatestGrant is { } grant && await RecordAsync(new LedgerEvent.GrantRevoked(grant.Id, "person", "test"), "revoked"))
        {
            world.Promises.Revoked(grant);
        }
    }

    private async Task<bool> RecordAsync(LedgerEvent entry, string what)
    {
        var isRecorded = await TryAsync(async ledger => await ledger.RecordAsync(entry));
        world.Seen.Add(isRecorded ? what : "a person was not heard");
        return isRecorded;
    }

    // False when it is too late, of something that a crash has swallowed, or the journal failed.
    private async Task<bool> TryAsync(Func<LedgerHost, Task> act)
    {
        try
        {
            await act(world.Process!.Ledger);
            return true;
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerInvariantException)
        {
            return false;
        }
    }
}
