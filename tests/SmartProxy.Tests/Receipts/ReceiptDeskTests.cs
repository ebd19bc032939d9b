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

        Assert.Null(await desk.FindAsync(Receipt.IdOf(id, isFinal: true), Token));
        Assert.Equal("in_doubt", await OutcomeAsync(desk, Receipt.IdOf(id, isFinal: false)));
    }

    [Fact]
    public async Task What_was_in_doubt_and_settled_has_both_receipts_also_when_they_are_made_afterwards()
    {
        using var folder = new TempFolder();
        await using var ledger = await OpenLedger.OpenAsync(folder.Path);
        var id = await PayInDoubtAsync(ledger);
        await ledger.Host.RecordAsync(Purchases.Settled(id));
        await using var desk = Open(folder, ledger);

        Assert.Equal("paid", await OutcomeAsync(desk, Receipt.IdOf(id, isFinal: true)));
        Assert.Equal("in_doubt", await OutcomeAsync(desk, Receipt.IdOf(id, isFinal: false)));
    }

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
