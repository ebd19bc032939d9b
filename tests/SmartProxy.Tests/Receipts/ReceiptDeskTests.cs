using System.Buffers.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SmartProxy.Ledger;
using SmartProxy.Protocol;
using SmartProxy.Receipts;
using SmartProxy.Storage;
using SmartProxy.TestKit;
using SmartProxy.Tests.Storage;

namespace SmartProxy.Tests.Receipts;

/// <summary>Receipts as they are asked for by their id, from a real journal.</summary>
public sealed class ReceiptDeskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task There_is_no_final_receipt_while_the_outcome_is_in_doubt_however_often_it_was_presented()
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var id = await PayInDoubtAsync(ledger);
        await using var desk = Open(folder, ledger);

        Assert.Null(await desk.FindAsync(ReceiptId.Of(id, 2), Token));
        Assert.Equal("in_doubt", await OutcomeAsync(desk, ReceiptId.Of(id)));
    }

    [Fact]
    public async Task What_was_in_doubt_and_settled_has_both_receipts_also_when_they_are_made_afterwards()
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var id = await PayInDoubtAsync(ledger);
        await ledger.Host.RecordAsync(Purchases.Settled(id));
        await using var desk = Open(folder, ledger);

        Assert.Equal("paid", await OutcomeAsync(desk, ReceiptId.Of(id, 2)));
        Assert.Equal("in_doubt", await OutcomeAsync(desk, ReceiptId.Of(id)));
    }

    /// <summary>Every receipt of a payment is found under its own number: while it happens, after a restart with an index that is there, and with a fresh one.</summary>
    [Theory]
    [InlineData("settled, proven", "in_doubt, paid, paid")]
    [InlineData("delivered, undelivered, settled, proven", "in_doubt, in_doubt, in_doubt, paid, paid")]
    [InlineData("undelivered, voided, proven", "in_doubt, in_doubt, in_doubt, paid")]
    [InlineData("undelivered", "in_doubt, in_doubt")]
    public async Task Each_receipt_of_a_payment_is_found_under_its_own_number(string happens, string outcomes)
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var expected = outcomes.Split(", ");
        await using var live = Open(folder, ledger);
        var id = await PayInDoubtAsync(ledger);
        foreach (var what in happens.Split(", "))
        {
            await ledger.Host.RecordAsync(Event(id, what));
        }

        await CheckAsync(live);
        using var fresh = new TempFolder();
        await using var later = Open(fresh, ledger);
        await CheckAsync(later);

        async Task CheckAsync(Desk desk)
        {
            for (var number = expected.Length; number > 0; number--)
            {
                Assert.Equal(expected[number - 1], await OutcomeAsync(desk, ReceiptId.Of(id, number)));
            }

            Assert.Null(await desk.FindAsync(ReceiptId.Of(id, expected.Length + 1), Token));
        }
    }

    private static LedgerEvent Event(PaymentId id, string what) => what switch
    {
        "settled" => Purchases.Settled(id),
        "delivered" => new LedgerEvent.InDoubt(id, "settlement_missing", Status: 200, Delivered: true),
        "undelivered" => new LedgerEvent.Undelivered(id, "truncated"),
        "voided" => new LedgerEvent.Voided(id, "operator", "the seller says so"),
        _ => new LedgerEvent.Proven(id, new ChainProof(9, Bytes32.Sha256("b"u8), DateTimeOffset.UnixEpoch, Bytes32.Sha256("t"u8))),
    };

    // A payment that was lost, presented again, and lost again: before there is a desk, so that its receipts are made from the journal.
    private static async Task<PaymentId> PayInDoubtAsync(OpenLedger ledger)
    {
        var id = await ledger.PayAsync(1);
        await ledger.Host.RecordAsync(new LedgerEvent.Sent(id));
        await ledger.Host.RecordAsync(new LedgerEvent.InDoubt(id, "no_answer", Status: null, Delivered: false));
        await ledger.Host.RecordAsync(new LedgerEvent.InDoubt(id, "refused_after_payment", 402, Delivered: false));
        return id;
    }

    private static async Task<string> OutcomeAsync(Desk desk, string id)
    {
        var receipt = await desk.FindAsync(id, Token);
        Assert.NotNull(receipt);
        using var payload = System.Text.Json.JsonDocument.Parse(Base64Url.DecodeFromChars(receipt.Jws.Split('.')[1]));
        Assert.Equal(id, payload.RootElement.GetProperty("id").GetString());
        return payload.RootElement.GetProperty("outcome").GetString()!;
    }

    private static Desk Open(TempFolder folder, OpenLedger ledger)
    {
        ReceiptKeys.Create(folder.File("receipts-key"), ledger.Time.GetUtcNow());
        return new Desk(folder.Path, ReceiptKeys.Load(folder.File("receipts-key")), ledger);
    }

    private sealed class Desk : IAsyncDisposable
    {
        private readonly ReceiptKeys _keys;
        private readonly LiteDbReadModel _readModel;
        private readonly ReceiptDesk _desk;

        public Desk(string folder, ReceiptKeys keys, OpenLedger ledger)
        {
            _keys = keys;
            _readModel = LiteDbReadModel.Open(folder, ledger.Host);
            _desk = new ReceiptDesk(ledger.Host, _readModel, new ReceiptIssuer(keys, ledger.Time), NullLogger<ReceiptDesk>.Instance);
        }

        public ValueTask<StoredReceipt?> FindAsync(string id, CancellationToken cancellationToken) => _desk.FindAsync(id, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await _desk.DisposeAsync();
            await _readModel.DisposeAsync();
            _keys.Dispose();
        }
    }
}
