using System.Text.Json;
using SmartProxy.Receipts;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Receipts;

public sealed class ReceiptKeysTests : IDisposable
{
    private static readonly DateTimeOffset Made = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _temp = new();

    private string Folder => _temp.File("receipts-key");

    private string Pem => Path.Combine(Folder, "current.pem");

    private string Set => Path.Combine(Folder, "keys.json");

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_new_key_loads_and_is_published_with_its_thumbprint()
    {
        ReceiptKeys.Create(Folder, Made);
        using var keys = ReceiptKeys.Load(Folder);
        var published = Assert.Single(Published(keys));

        Assert.Equal(["kty", "crv", "x", "y", "kid", "use", "alg", "nbf"], published.EnumerateObject().Select(member => member.Name));
        Assert.Equal(keys.Signer.Kid, published.GetProperty("kid").GetString());
        Assert.Equal("ES256", published.GetProperty("alg").GetString());
        Assert.Equal(Made.ToUnixTimeSeconds(), published.GetProperty("nbf").GetInt64());
    }

    [Fact]
    public void The_thumbprint_is_that_of_rfc_7638()
    {
        // Key of RFC 7515 A.3; the thumbprint was computed with a shell: printf of the four members, sha256, base64url.
        var key = Read("""{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","alg":"ES256","nbf":0,"kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"}""");
        Assert.NotNull(key);
    }

    [Fact]
    public void Private_members_are_never_published()
    {
        ReceiptKeys.Create(Folder, Made);
        using var keys = ReceiptKeys.Load(Folder);
        Assert.All(Published(keys), key => Assert.False(key.TryGetProperty("d", out _)));
        Assert.DoesNotContain(File.ReadAllText(Pem).Split('\n')[1][..20], keys.Jwks + keys + keys.Signer, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_key_is_not_made_over_the_first()
    {
        ReceiptKeys.Create(Folder, Made);
        var before = File.ReadAllText(Pem);
        Assert.Throws<ReceiptKeyException>(() => ReceiptKeys.Create(Folder, Made));
        Assert.Equal(before, File.ReadAllText(Pem));
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused_in_one_line()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        ReceiptKeys.Create(Folder, Made);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Pem));
        foreach (var open in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.GroupWrite })
        {
            File.SetUnixFileMode(Pem, UnixFileMode.UserRead | open);
            AssertRefused("chmod 600");
        }
    }

    [Fact]
    public void A_missing_key_is_not_made_again()
    {
        ReceiptKeys.Create(Folder, Made);
        File.Delete(Pem);
        AssertRefused("restore it from a backup");
        Assert.False(File.Exists(Pem));
    }

    [Fact]
    public void A_missing_or_broken_set_is_refused()
    {
        ReceiptKeys.Create(Folder, Made);
        File.WriteAllText(Set, "{");
        AssertRefused("keys.json");
        File.Delete(Set);
        AssertRefused("keys.json");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    public void A_broken_key_is_refused_without_quoting_it(string content)
    {
        ReceiptKeys.Create(Folder, Made);
        File.WriteAllText(Pem, content);
        AssertRefused("P-256");
    }

    [Fact]
    public void A_key_that_the_set_does_not_publish_is_refused()
    {
        ReceiptKeys.Create(Folder, Made);
        ReceiptKeys.Create(_temp.File("other"), Made);
        File.Copy(Path.Combine(_temp.File("other"), "current.pem"), Pem, overwrite: true);
        AssertRefused("one backup");
    }

    [Fact]
    public void A_retired_key_stays_published_with_its_end()
    {
        ReceiptKeys.Create(Folder, Made);
        using var first = ReceiptKeys.Load(Folder);
        ReceiptKeys.Rotate(Folder, Made.AddDays(30));
        ReceiptKeys.Rotate(Folder, Made.AddDays(60));
        using var third = ReceiptKeys.Load(Folder);

        var published = Published(third);
        Assert.Equal(3, published.Count);
        Assert.Equal(third.Signer.Kid, published[0].GetProperty("kid").GetString());
        Assert.False(published[0].TryGetProperty("exp", out _));
        Assert.Equal(first.Signer.Kid, published[2].GetProperty("kid").GetString());
        Assert.Equal(Made.AddDays(30).ToUnixTimeSeconds(), published[2].GetProperty("exp").GetInt64());
        Assert.Equal(Made.AddDays(60).ToUnixTimeSeconds(), published[1].GetProperty("exp").GetInt64());
    }

    private static List<JsonElement> Published(ReceiptKeys keys)
    {
        using var document = JsonDocument.Parse(keys.Jwks);
        return [.. document.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.Clone())];
    }

    private static ReceiptJwk? Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return ReceiptJwk.Read(document.RootElement);
    }

    private void AssertRefused(string part)
    {
        var refused = Assert.Throws<ReceiptKeyException>(() => ReceiptKeys.Load(Folder));
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain("AAAA", refused.ToString(), StringComparison.Ordinal);
    }
}
