using System.Buffers;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;
using SmartProxy.Protocol;

namespace SmartProxy.Ledger;

/// <summary>
/// Reads one line forward, member by member, in the order in which it is written: a member that is missing, repeated, unknown or out of
/// place is an error. Throws <see cref="FormatException"/> or <see cref="JsonException"/>; <see cref="JournalReader"/> turns both into a value.
/// </summary>
internal ref struct LineReader
{
    private const long MaxMilliseconds = 366L * 24 * 60 * 60 * 1000;

    private readonly SeenTexts _texts;
    private Utf8JsonReader _json;

    public LineReader(ReadOnlySpan<byte> line, SeenTexts texts)
    {
        _texts = texts;
        _json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 8 });
        Advance();
        Expect(JsonTokenType.StartObject);
    }

    /// <summary>Whether the next member has this name.</summary>
    public bool Has(ReadOnlySpan<byte> name) => _json.TokenType == JsonTokenType.PropertyName && _json.ValueTextEquals(name);

    /// <summary>A text that other lines are likely to hold too.</summary>
    public string Text(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        return SeenText();
    }

    /// <summary>A text that no other line holds.</summary>
    public string UniqueText(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var text = _json.GetString()!;
        Advance();
        return text;
    }

    public string? OptionalText(ReadOnlySpan<byte> name) => Has(name) ? Text(name) : null;

    public long Number(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.Number);
        var number = _json.GetInt64();
        Advance();
        return number;
    }

    public bool Flag(ReadOnlySpan<byte> name)
    {
        Name(name);
        var flag = _json.GetBoolean();
        Advance();
        return flag;
    }

    public UInt128 Digits(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var digits = _json.ValueSpan;
        UInt128 number = 0;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !UInt128.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            throw Bad(name, "whole number as digits");
        }

        Advance();
        return number;
    }

    public Usd? OptionalUsd(ReadOnlySpan<byte> name) => Has(name) ? new Usd(Digits(name)) : null;

    public UInt128? OptionalDigits(ReadOnlySpan<byte> name) => Has(name) ? Digits(name) : null;

    public Bytes32 Word(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var text = _json.ValueSpan;
        var word = text.StartsWith("0x"u8) ? Hash(text[2..], name) : throw Bad(name, "0x and 64 hex digits");
        Advance();
        return word;
    }

    public Bytes32? OptionalWord(ReadOnlySpan<byte> name) => Has(name) ? Word(name) : null;

    public Bytes32 LineHash(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var hash = Hash(_json.ValueSpan, name);
        Advance();
        return hash;
    }

    public EvmAddress Address(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        Span<byte> bytes = stackalloc byte[EvmAddress.Length];
        var text = _json.ValueSpan;
        var parsed = text.Length == 42 && text.StartsWith("0x"u8) && Convert.FromHexString(text[2..], bytes, out _, out _) == OperationStatus.Done;
        Advance();
        return parsed ? new EvmAddress(bytes) : throw Bad(name, "0x and 40 hex digits");
    }

    public EvmAddress? OptionalAddress(ReadOnlySpan<byte> name) => Has(name) ? Address(name) : null;

    public DateTimeOffset Time(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var time = LineTime.TryRead(_json.ValueSpan, out var read) ? read : throw Bad(name, "UTC time with six decimals");
        Advance();
        return time;
    }

    public PaymentId Payment(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.String);
        var id = PaymentId.TryParse(_json.ValueSpan, out var read) ? read : throw Bad(name, "payment id");
        Advance();
        return id;
    }

    public PaymentId? OptionalPayment(ReadOnlySpan<byte> name) => Has(name) ? Payment(name) : null;

    public AgentId Agent(ReadOnlySpan<byte> name) =>
        AgentId.TryParse(Text(name), out var agent) ? agent : throw Bad(name, AgentId.Expected);

    public BudgetOwner Owner(ReadOnlySpan<byte> name) =>
        BudgetOwner.TryParse(Text(name), out var owner) ? owner : throw Bad(name, BudgetOwner.Expected);

    /// <summary>What is counted: dollars unless it is said.</summary>
    public SpendMeasure Measure() => Has("measure"u8) ? JournalWords.Measure(Text("measure"u8)) : SpendMeasure.Dollars;

    public TimeSpan Milliseconds(ReadOnlySpan<byte> name) =>
        Number(name) is >= 0 and <= MaxMilliseconds and var number ? TimeSpan.FromMilliseconds(number) : throw Bad(name, "milliseconds, at most a year");

    public ChainId Chain(ReadOnlySpan<byte> name) =>
        ChainId.TryParse(Text(name), out var chain) ? chain : throw Bad(name, "CAIP-2 chain");

    public Origin Origin(ReadOnlySpan<byte> name) =>
        _texts.TryFindOrigin(Text(name), out var origin) ? origin : throw Bad(name, "origin");

    /// <summary>Steps into an array; <see cref="NextObject"/>, <see cref="NextArray"/> or <see cref="NextText"/> follows until one says no.</summary>
    public void OpenArray(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.StartArray);
        Advance();
    }

    /// <summary>Steps into the next object of an array, or out of the array.</summary>
    public bool NextObject() => Next(JsonTokenType.StartObject);

    /// <summary>Steps into the next array of an array, or out of the array.</summary>
    public bool NextArray() => Next(JsonTokenType.StartArray);

    /// <summary>The next text of an array; null, and a step out of the array, after the last.</summary>
    public string? NextText()
    {
        if (_json.TokenType == JsonTokenType.EndArray)
        {
            Advance();
            return null;
        }

        Expect(JsonTokenType.String);
        return SeenText();
    }

    public IReadOnlyDictionary<string, string> Map(ReadOnlySpan<byte> name)
    {
        Open(name);
        if (_json.TokenType == JsonTokenType.EndObject)
        {
            Close();
            return ReadOnlyDictionary<string, string>.Empty;
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        while (_json.TokenType == JsonTokenType.PropertyName)
        {
            var key = _json.GetString()!;
            Advance();
            Expect(JsonTokenType.String);
            if (!map.TryAdd(key, SeenText()))
            {
                throw new FormatException($"`{key}` appears twice");
            }
        }

        Close();
        return map;
    }

    public void Open(ReadOnlySpan<byte> name)
    {
        Value(name, JsonTokenType.StartObject);
        Advance();
    }

    public void Close()
    {
        Expect(JsonTokenType.EndObject);
        Advance();
    }

    /// <summary>The line must end here.</summary>
    public void End()
    {
        Expect(JsonTokenType.EndObject);
        if (_json.Read())
        {
            throw new FormatException("something follows the object");
        }
    }

    /// <summary>Steps from the opening brace to the first member.</summary>
    public void Begin() => Advance();

    private string SeenText()
    {
        var text = _json.ValueIsEscaped ? _json.GetString()! : _texts.Of(_json.ValueSpan);
        Advance();
        return text;
    }

    private bool Next(JsonTokenType start)
    {
        var isMore = _json.TokenType != JsonTokenType.EndArray;
        if (isMore)
        {
            Expect(start);
        }

        Advance();
        return isMore;
    }

    private static Bytes32 Hash(ReadOnlySpan<byte> digits, ReadOnlySpan<byte> name)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Length];
        return digits.Length == 2 * Bytes32.Length && Convert.FromHexString(digits, bytes, out _, out _) == OperationStatus.Done
            ? new Bytes32(bytes)
            : throw Bad(name, "64 hex digits");
    }

    private void Value(ReadOnlySpan<byte> name, JsonTokenType type)
    {
        Name(name);
        if (_json.TokenType != type)
        {
            throw Bad(name, type.ToString());
        }
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        if (!Has(name))
        {
            throw Bad(name, "this member at this place");
        }

        Advance();
    }

    private readonly void Expect(JsonTokenType type)
    {
        if (_json.TokenType != type)
        {
            throw new FormatException($"expected {type}, found {_json.TokenType}");
        }
    }

    private void Advance()
    {
        if (!_json.Read())
        {
            throw new FormatException("ends early");
        }
    }

    private static FormatException Bad(ReadOnlySpan<byte> name, string expected) =>
        new($"`{System.Text.Encoding.UTF8.GetString(name)}`: expected {expected}");
}
