using System.Numerics;
using System.Text;
using CsCheck;
using SmartProxy.Protocol.X402;

namespace SmartProxy.Protocol.Tests.X402;

public sealed class ReaderPropertyTests
{
    private static readonly byte[] Version2 = Encoding.UTF8.GetBytes(Answers.Document(
        $"{Answers.Entry()},{Answers.Entry(amount: "1")}", ",\"extensions\":{\"payment-identifier\":{\"info\":{\"required\":true},\"schema\":{}}}"));

    private static readonly byte[] Version1 = Encoding.UTF8.GetBytes(Answers.Version1Document(Answers.Version1Entry()));

    // Bytes that mean something to a parser come more often than chance would bring them.
    private static readonly Gen<byte> Noise = Gen.Frequency((3, Gen.Byte), (2, AnyOf("{}[],:\"\\0129-+.eE \n\0"u8.ToArray())));

    private static readonly Gen<(int At, int Cut, byte[] Put)[]> Mutations =
        Gen.Select(Gen.Int[0, 600], Gen.Int[0, 8], Noise.Array[0, 8]).Array[1, 4];

    [Fact]
    public void Mutated_terms_never_throw_and_never_pay_more_than_their_text_says() =>
        Gen.Select(AnyOf(Version1, Version2), Mutations).Sample(
            (document, mutations) =>
            {
                var bytes = mutations.Aggregate(document, Mutate);
                foreach (var challenge in new[] { Answers.InHeaderLine(Convert.ToBase64String(bytes)), InBody(bytes) })
                {
                    AssertSound(challenge, bytes);
                }
            },
            iter: 20_000);

    [Fact]
    public void Mutated_header_lines_never_throw() =>
        Gen.Select(Gen.Const(Encoding.ASCII.GetBytes(Convert.ToBase64String(Version2))), Mutations).Sample(
            (line, mutations) =>
            {
                var text = Encoding.Latin1.GetString(mutations.Aggregate(line, Mutate));
                var challenge = Answers.InHeaderLine(text);
                _ = SettlementReader.Read(Answers.Headers((SettlementReader.Version2HeaderName, text)));
                Assert.Equal(challenge.Class is ChallengeClass.Payable, challenge.Offers.Count > 0);
            },
            iter: 10_000);

    [Fact]
    public void An_amount_is_read_exactly_or_not_at_all() =>
        Gen.OneOf(
            Gen.String[AnyOf("0123456789+-.eExX_, \u0660\uFF11\n\0$".ToCharArray()), 0, 12],
            Gen.String[Gen.Char['0', '9'], 70, 80]).Sample(
            text =>
            {
                var parsed = AmountText.TryParse(text, out var amount);
                var canonical = text.Length > 0
                    && text.All(char.IsAsciiDigit)
                    && (text == "0" || text[0] != '0')
                    && BigInteger.Parse(text) < BigInteger.Pow(2, 256);
                Assert.Equal(canonical, parsed);
                Assert.True(!parsed || amount.ToString() == text);
                Assert.True(!TokenAmount.TryParse(text, out var units) || units.ToString() == text);
            },
            iter: 20_000);

    private static Gen<T> AnyOf<T>(params T[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    private static void AssertSound(Challenge challenge, byte[] bytes)
    {
        Assert.Equal(challenge.Class is ChallengeClass.Payable, challenge.Offers.Count > 0);
        Assert.True(challenge.Offered.Length <= 256 && Ascii.IsValid(challenge.Offered));
        foreach (var offer in challenge.Offers)
        {
            // What will be signed stands in the document, digit for digit, in the very text that is echoed.
            Assert.Contains($"\"{offer.Amount}\"", offer.Original, StringComparison.Ordinal);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(offer.Original)) >= 0);
            Assert.Contains(offer.Network, Answers.Profile.Networks);
            Assert.True(offer.MaxTimeoutSeconds > 0);
        }
    }

    private static Challenge InBody(byte[] bytes) =>
        X402Reader.Read(402, Answers.Headers(), bytes, bodyIsWhole: true, null, Answers.RequestUrl, Answers.Profile);

    private static byte[] Mutate(byte[] bytes, (int At, int Cut, byte[] Put) mutation)
    {
        var at = Math.Min(mutation.At, bytes.Length);
        return [.. bytes[..at], .. mutation.Put, .. bytes[Math.Min(at + mutation.Cut, bytes.Length)..]];
    }
}
