using SmartProxy.Accounting;
using SmartProxy.Accounting.Statements;
using SmartProxy.Chain;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Storage;
using SmartProxy.Tests.Chain;

namespace SmartProxy.Tests.Accounting.Statements;

/// <summary>Books and a chain that come into April 2026 with a thousand dollars, and statements of that month.</summary>
internal sealed class StatementWorld : IAsyncDisposable
{
    public const ulong Opening = 1_000_000_000;

    public static readonly DateTimeOffset Start = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset End = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly WalletAccount Account = new(ChainWorld.Asset, ChainWorld.Wallet);

    private StatementWorld(ChainWorld chain) => World = chain;

    public ChainWorld World { get; }

    public FakeChain Chain => World.Chain;

    public static async Task<StatementWorld> OpenAsync(int nodes = 1)
    {
        var world = new StatementWorld(await ChainWorld.OpenAsync(nodes));
        world.AdvanceTo(Start.AddSeconds(-1));
        world.Chain.Mine(world.World.Now);
        world.AdvanceTo(Start.AddHours(10));
        return world;
    }

    public void AdvanceTo(DateTimeOffset time) => World.Ledger.Time.Advance(time - World.Now);

    /// <summary>A payment of a cent that the chain settles in a block of its own, whatever its seller says.</summary>
    public async Task<Reservation> UsedAsync(bool isClaimed = true, TokenAmount? said = null)
    {
        var sent = await World.SentAsync();
        if (isClaimed)
        {
            await World.Ledger.Host.RecordAsync(new LedgerEvent.Settled(sent.Id, new SettlementClaim(true, "0xabc", "eip155:84532", null, said, null), 200, true));
        }

        Chain.Use(sent.Authorization);
        Chain.Mine(World.Now);
        return sent;
    }

    /// <summary>The month is over, final on chain, and the books have seen it.</summary>
    public async Task CloseAsync()
    {
        Chain.Mine(World.Now);
        AdvanceTo(End.AddHours(1));
        await World.PassAsync(1);
    }

    public async Task<Statement> StatementAsync(bool hasNodes = true)
    {
        Assert.True(Month.TryParse("2026-04", TimeZoneInfo.Utc, out var month));
        var book = new StatementBook(month);
        JournalScan.Read(World.Folder, book.Take);
        var (read, unknown) = (new Dictionary<ChainId, ChainMonth>(), new Dictionary<ChainId, string>());
        try
        {
            if (hasNodes)
            {
                read[Chain.Id] = await ChainMonth.ReadAsync(World.Agreed(), month, [.. book.Accounts.Select(entry => entry.Account)], TestContext.Current.CancellationToken);
            }
        }
        catch (ChainFaultException fault)
        {
            unknown[Chain.Id] = fault.Message;
        }

        return new StatementMaker(book, read, unknown).Make();
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
