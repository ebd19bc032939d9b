using System.Text;
using SmartProxy.Installation;
using SmartProxy.Keys;
using SmartProxy.Protocol;
using SmartProxy.TestKit;

namespace SmartProxy.Tests.Commands;

public sealed class KeyFilesTests : IDisposable
{
    private const int SmallCost = 1024;

    private readonly TempFolder _folder = new();
    private readonly KeyFiles _files = new(new SystemRandomSource(), SmallCost);

    public KeyFilesTests() => PrivateFile.WriteNew(_folder.File("password"), "correct horse"u8);

    [Fact]
    public void A_new_key_opens_with_its_password_file_and_names_its_address()
    {
        var address = _files.Create(_folder.File("key.json"), _folder.File("password"));

        using var key = KeyFiles.Open(_folder.File("key.json"), _folder.File("password"));
        Assert.Equal(address, key.Address);
        Assert.Equal(address, _files.AddressOf(_folder.File("key.json")));
    }

    [Fact]
    public void A_raw_key_and_a_key_file_are_taken_over_with_the_same_address()
    {
        var raw = "0x" + new string('1', 64);
        PrivateFile.WriteNew(_folder.File("raw"), Encoding.ASCII.GetBytes(raw + "\n"));
        PrivateFile.WriteNew(_folder.File("other-password"), "battery staple"u8);

        var first = _files.Import(_folder.File("raw"), null, _folder.File("a.json"), _folder.File("password"));
        var second = _files.Import(_folder.File("a.json"), _folder.File("password"), _folder.File("b.json"), _folder.File("other-password"));

        Assert.Equal(EvmAddress.Parse("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"), first);
        Assert.Equal(first, second);
    }

    [Fact]
    public void A_wrong_password_is_told_without_telling_anything()
    {
        _files.Create(_folder.File("key.json"), _folder.File("password"));
        PrivateFile.WriteNew(_folder.File("wrong"), "incorrect horse"u8);

        var fault = Assert.Throws<OperatorException>(() => KeyFiles.Open(_folder.File("key.json"), _folder.File("wrong")));
        Assert.DoesNotContain("horse", fault.Message, StringComparison.Ordinal);
        Assert.Throws<OperatorException>(() => _files.Import(_folder.File("wrong"), null, _folder.File("c.json"), _folder.File("password")));
    }

    public void Dispose() => _folder.Dispose();
}
