using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SmartProxy.Chain;
using SmartProxy.Receipts;

namespace SmartProxy.Accounting.Statements;

/// <summary>The payload of a signed statement: one JSON object, members in a fixed order, amounts as digits in text; <c>docs/books.md</c> explains every one.</summary>
internal static class StatementDocument
{
    public const int Version = 1;
    public const string Type = "smart-proxy-statement+jws";

    /// <summary>The longest signed statement that is read, in characters.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    public static byte[] Write(Statement statement, DateTimeOffset issuedAt)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("v", Version);
            json.WriteString("month", statement.Month.ToString());
            json.WriteString("timeZone", statement.Month.Zone.Id);
            json.WriteString("from", Time(statement.Month.Start));
            json.WriteString("until", Time(statement.Month.End));
            json.WriteStartObject("journal");
            json.WriteNumber("sequence", statement.JournalHead.Sequence);
            json.WriteString("hash", statement.JournalHead.Hash.ToHex());
            json.WriteEndObject();
            Write(json, "chains", statement.Chains, Write);
            Write(json, "accounts", statement.Accounts, Write);
            json.WriteBoolean("tiesOut", statement.TiesOut);
            Write(json, "exceptions", statement.Exceptions, Write);
            json.WriteString("issuedAt", Time(issuedAt));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, StatedChain chain)
    {
        json.WriteString("network", chain.Chain.ToString());
        WriteBlock(json, "opening", chain.Opening);
        WriteBlock(json, "closing", chain.Closing);
        json.WriteBoolean("isWhole", chain.IsWhole);
        WriteText(json, "unknown", chain.Unknown);
    }

    private static void Write(Utf8JsonWriter json, StatedAccount account)
    {
        json.WriteString("network", account.Chain.ToString());
        json.WriteString("asset", account.Account.Asset.ToString());
        WriteText(json, "symbol", account.Symbol);
        if (account.Decimals is { } decimals)
        {
            json.WriteNumber("decimals", decimals);
        }

        json.WriteString("wallet", account.Account.Wallet.ToString());
        json.WriteString("opening", Digits(account.Opening));
        json.WriteString("in", Digits(account.In));
        json.WriteString("settled", Digits(account.Settled));
        json.WriteString("unexplained", Digits(account.Unexplained));
        json.WriteString("closing", Digits(account.Closing));
        json.WriteString("difference", Digits(account.Difference));
        json.WriteString("open", Digits(account.Open));
    }

    private static void Write(Utf8JsonWriter json, StatedException exception)
    {
        json.WriteString("kind", exception.Kind);
        json.WriteString("network", exception.Chain.ToString());
        json.WriteString("asset", exception.Account.Asset.ToString());
        json.WriteString("wallet", exception.Account.Wallet.ToString());
        WriteText(json, "payment", exception.Payment?.Value);
        WriteText(json, "amount", Digits(exception.Amount));
        WriteText(json, "to", exception.To?.ToString());
        if (exception.Block is { } block)
        {
            json.WriteNumber("block", block);
        }

        WriteText(json, "transaction", exception.Transaction?.ToString());
        json.WriteString("detail", exception.Detail);
    }

    private static void WriteBlock(Utf8JsonWriter json, string name, BlockHeader? block)
    {
        if (block is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("block", block.Number);
        json.WriteString("hash", block.Hash.ToString());
        json.WriteString("time", Time(block.Time));
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static string? Digits(BigInteger? amount) => amount?.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(Receipt.TimeFormat, CultureInfo.InvariantCulture);
}
