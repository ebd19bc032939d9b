using System.Globalization;
using System.Text.Json;

namespace SmartProxy.Protocol.Mpp;

/// <summary>
/// One pass over JSON of any size, looking for member names at the places where a payment can be. Memory does not grow with the text, repeated
/// names are all seen, escapes in names are resolved, and text that stops being JSON ends the search: what came before has been looked at.
/// </summary>
internal ref struct CredentialScanner(ReadOnlySpan<byte> json, bool isFrame)
{
    private const string MppFrame = "mpp authorization frame";

    // Deeper than any place that we look at.
    private const int TrackedDepth = 16;

    // More lenient than most servers, so that what any of them could read is looked at.
    private static readonly JsonReaderOptions Lenient = new()
    {
        AllowMultipleValues = true,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = int.MaxValue,
    };

    private readonly Place[] _places = new Place[TrackedDepth];
    private Utf8JsonReader _reader = new(WithoutMark(json), isFinalBlock: true, new JsonReaderState(Lenient));
    private int _depth;

    private enum Place
    {
        Elsewhere,
        Root,

        /// <summary>The top-level array, whose elements are roots.</summary>
        Batch,
        Params,
        Meta,
        Message,
        Metadata,
        Parts,
        Part,
        Data,
    }

    private readonly Place Current => _depth is > 0 and <= TrackedDepth ? _places[_depth - 1] : Place.Elsewhere;

    /// <summary>The form of the first payment, or null.</summary>
    public string? Find()
    {
        try
        {
            return FindNext();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string? FindNext()
    {
        string? form = null;
        var place = Place.Root;
        while (_reader.Read())
        {
            if (_reader.TokenType is JsonTokenType.PropertyName)
            {
                (place, form) = (MemberPlace(), MemberForm());
                continue;
            }

            if (form is not null && IsPayment(form))
            {
                return form;
            }

            Move(place);
            (place, form) = (ElementPlace(), null);
        }

        return null;
    }

    private void Move(Place place)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                Enter(place is Place.Batch or Place.Parts ? Place.Elsewhere : place);
                break;
            case JsonTokenType.StartArray:
                Enter(place switch { Place.Parts => Place.Parts, Place.Root when _depth == 0 => Place.Batch, _ => Place.Elsewhere });
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _depth--;
                break;
        }
    }

    private void Enter(Place place)
    {
        if (_depth < TrackedDepth)
        {
            _places[_depth] = place;
        }

        _depth++;
    }

    private readonly Place ElementPlace() => Current switch
    {
        Place.Batch => Place.Root,
        Place.Parts => Place.Part,
        _ => _depth == 0 ? Place.Root : Place.Elsewhere,
    };

    // JSON-RPC: params and params._meta (MCP). A2A: message, its metadata, and the data of its parts.
    private readonly Place MemberPlace() => Current switch
    {
        Place.Root when Named("params"u8) => Place.Params,
        Place.Root or Place.Params when Named("_meta"u8) => Place.Meta,
        Place.Root or Place.Params when Named("message"u8) => Place.Message,
        Place.Message when Named("metadata"u8) => Place.Metadata,
        Place.Message when Named("parts"u8) => Place.Parts,
        Place.Part or Place.Data when Named("data"u8) => Place.Data,
        _ => Place.Elsewhere,
    };

    private readonly string? MemberForm() => Current switch
    {
        Place.Meta when Named("x402/payment"u8) => "x402/payment",
        Place.Meta when Named("org.paymentauth/credential"u8) => "org.paymentauth/credential",
        Place.Metadata when Named("x402.payment.payload"u8) => "x402.payment.payload",
        Place.Data when Named("ap2.mandates.PaymentMandate"u8) || Named("mandate.payment.1"u8) || Named("payment_mandate"u8) => "ap2 payment mandate",
        Place.Root when isFrame && Named("mpp"u8) => MppFrame,
        _ => null,
    };

    private readonly bool IsPayment(string form) =>
        form == MppFrame
            ? _reader.TokenType is JsonTokenType.String && Named("authorization"u8)
            : _reader.TokenType is not JsonTokenType.Null;

    private readonly bool Named(ReadOnlySpan<byte> ascii) =>
        _reader.ValueIsEscaped ? EqualsEscaped(_reader.ValueSpan, ascii) : _reader.ValueSpan.SequenceEqual(ascii);

    // The reader's own comparison throws on an escaped lone surrogate, by which a later name could be hidden.
    private static bool EqualsEscaped(ReadOnlySpan<byte> text, ReadOnlySpan<byte> ascii)
    {
        foreach (var expected in ascii)
        {
            var length = EscapeLength(text);
            if (text.Length < length || Unescape(text[..length]) != expected)
            {
                return false;
            }

            text = text[length..];
        }

        return text.IsEmpty;
    }

    private static int EscapeLength(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)'\\', (byte)'u', ..] => 6,
        [(byte)'\\', ..] => 2,
        _ => 1,
    };

    // The names that we look for hold no character with a short escape but the slash.
    private static int Unescape(ReadOnlySpan<byte> character) => character.Length switch
    {
        6 => int.Parse(character[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        2 => character[1] == '/' ? '/' : -1,
        _ => character[0],
    };

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json.StartsWith("\uFEFF"u8) ? json[3..] : json;
}
