using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using SmartProxy.Receipts;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Receipts;

public sealed class ReceiptVerifierTests : IDisposable
{
    private static readonly DateTimeOffset Now = ReceiptSamples.Decided.AddSeconds(2);

    private readonly TempFolder _temp = new();
    private readonly FakeTimeProvider _time = new(Now);
    private readonly ReceiptKeys _keys;
    private readonly IssuedReceipt _receipt;

    public ReceiptVerifierTests()
    {
        ReceiptKeys.Create(Folder, Now.AddDays(-1));
        _keys = ReceiptKeys.Load(Folder);
        _receipt = new ReceiptIssuer(_keys, _time).Issue(ReceiptSamples.Paid);
    }

    private string Folder => _temp.File("receipts-key");

    public void Dispose()
    {
        _keys.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public void An_issued_receipt_is_genuine_and_says_what_was_written()
    {
        var genuine = Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(_receipt.Jws + "\n", _keys.Jwks));
        Assert.Equal(new ReceiptVerification.Genuine(_receipt.Id, _keys.Signer.Kid, _receipt.Payload), genuine);
    }

    [Fact]
    public void A_refusal_is_genuine_too()
    {
        var refused = new ReceiptIssuer(_keys, _time).Issue(ReceiptSamples.Refused);
        Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(refused.Jws, _keys.Jwks));
    }

    [Fact]
    public void Any_changed_character_is_noticed()
    {
        var text = _receipt.Jws.ToCharArray();
        for (var i = 0; i < text.Length; i++)
        {
            var original = text[i];
            foreach (var other in new[] { (char)(original ^ 1), (char)(original ^ 2), original == 'A' ? 'B' : 'A' })
            {
                text[i] = other;
                Assert.IsType<ReceiptVerification.Refused>(ReceiptVerifier.Verify(new string(text), _keys.Jwks));
            }

            text[i] = original;
        }
    }

    [Fact]
    public void Any_changed_byte_under_the_encoding_is_noticed()
    {
        var parts = _receipt.Jws.Split('.');
        for (var part = 0; part < parts.Length; part++)
        {
            var bytes = Base64Url.DecodeFromChars(parts[part]);
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] ^= 0x20;
                var changed = (string[])parts.Clone();
                changed[part] = Base64Url.EncodeToString(bytes);
                Assert.IsType<ReceiptVerification.Refused>(ReceiptVerifier.Verify(string.Join('.', changed), _keys.Jwks));
                bytes[i] ^= 0x20;
            }
        }
    }

    [Fact]
    public void Another_text_of_the_same_signature_bytes_is_refused()
    {
        const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var last = Digits.IndexOf(_receipt.Jws[^1], StringComparison.Ordinal);
        for (var unused = 1; unused < 16; unused++)
        {
            AssertFlaw(ReceiptFlaw.NotAReceipt, _receipt.Jws[..^1] + Digits[last + unused], _keys.Jwks);
        }
    }

    [Theory]
    [InlineData("""{"alg":"none","kid":"KID","typ":"smart-proxy-receipt+jws"}""")]
    [InlineData("""{"alg":"HS256","kid":"KID","typ":"smart-proxy-receipt+jws"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"JWT"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"smart-proxy-receipt+jws","jwk":{}}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"smart-proxy-receipt+jws","crit":["x"]}""")]
    [InlineData("""{"alg":"ES256","alg":"ES256","kid":"KID","typ":"smart-proxy-receipt+jws"}""")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    public void A_header_that_says_anything_else_is_refused_even_when_well_signed(string header) =>
        AssertFlaw(ReceiptFlaw.BadHeader, Sign(header, _receipt.Payload), _keys.Jwks);

    [Theory]
    [InlineData("v 2", ReceiptFlaw.BadPayload)]
    [InlineData("no id", ReceiptFlaw.BadPayload)]
    [InlineData("a member twice", ReceiptFlaw.BadPayload)]
    [InlineData("not json", ReceiptFlaw.BadPayload)]
    [InlineData("another record", ReceiptFlaw.NonceMismatch)]
    [InlineData("no record", ReceiptFlaw.NonceMismatch)]
    internal void A_payload_that_is_no_receipt_is_refused_even_when_well_signed(string what, ReceiptFlaw flaw)
    {
        var payload = what switch
        {
            "v 2" => Change("\"v\":1", "\"v\":2"),
            "no id" => Change("\"id\":\"rcpt_", "\"id\":\"other_"),
            "a member twice" => Change("\"count\":1", "\"count\":1,\"count\":1"),
            "not json" => _receipt.Payload[1..],
            "another record" => Change("\"decisionRecord\":\"", "\"decisionRecord\":\"x"),
            _ => Change("\"decisionRecord\"", "\"other\""),
        };
        AssertFlaw(flaw, Sign(Header, payload), _keys.Jwks);
    }

    [Fact]
    public void A_key_that_the_set_lacks_or_misnames_is_unknown()
    {
        AssertFlaw(ReceiptFlaw.UnknownKey, _receipt.Jws, """{"keys":[]}""");
        AssertFlaw(ReceiptFlaw.BadKeySet, _receipt.Jws, "[]");
        AssertFlaw(ReceiptFlaw.BadKeySet, _receipt.Jws, "{");

        ReceiptKeys.Create(_temp.File("other"), Now);
        using var other = ReceiptKeys.Load(_temp.File("other"));
        AssertFlaw(ReceiptFlaw.UnknownKey, _receipt.Jws, other.Jwks);
        AssertFlaw(ReceiptFlaw.UnknownKey, _receipt.Jws, other.Jwks.Replace(other.Signer.Kid, _keys.Signer.Kid, StringComparison.Ordinal));
    }

    [Fact]
    public void A_receipt_stays_genuine_after_its_key_was_retired_and_a_later_one_does_not()
    {
        ReceiptKeys.Rotate(Folder, Now.AddHours(1));
        using var rotated = ReceiptKeys.Load(Folder);
        Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(_receipt.Jws, rotated.Jwks));

        _time.SetUtcNow(Now.AddHours(2));
        AssertFlaw(ReceiptFlaw.KeyNotValidThen, new ReceiptIssuer(_keys, _time).Issue(ReceiptSamples.Paid).Jws, rotated.Jwks);
        Assert.IsType<ReceiptVerification.Genuine>(ReceiptVerifier.Verify(new ReceiptIssuer(rotated, _time).Issue(ReceiptSamples.Paid).Jws, rotated.Jwks));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    public void What_is_no_jws_is_refused(string text) => AssertFlaw(ReceiptFlaw.NotAReceipt, text, _keys.Jwks);

    [Fact]
    public void A_huge_text_is_refused_unread() =>
        AssertFlaw(ReceiptFlaw.NotAReceipt, new string('A', ReceiptVerifier.MaxLength + 1), _keys.Jwks);

    private string Header => $$"""{"alg":"ES256","kid":"{{_keys.Signer.Kid}}","typ":"smart-proxy-receipt+jws"}""";

    private static void AssertFlaw(ReceiptFlaw flaw, string jws, string jwks) =>
        Assert.Equal(flaw, Assert.IsType<ReceiptVerification.Refused>(ReceiptVerifier.Verify(jws, jwks)).Flaw);

    private string Change(string from, string to)
    {
        Assert.Contains(from, _receipt.Payload, StringComparison.Ordinal);
        return _receipt.Payload.Replace(from, to, StringComparison.Ordinal);
    }

    private string Sign(string header, string payload)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(Path.Combine(Folder, "current.pem")));
        var kid = header.Replace("KID", _keys.Signer.Kid, StringComparison.Ordinal);
        var input = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(kid))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        var signature = key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }
}
