using SmartProxy.Installation;
using SmartProxy.Payments;
using SmartProxy.Protocol;

namespace SmartProxy.Hosting;

/// <summary>The installation's own key for query digests: 32 random bytes beside the receipt key, made by <c>init</c>.</summary>
internal static class QueryKey
{
    private const string FileName = "query.key";

    public static void Create(string receiptsFolder, IRandomSource random)
    {
        var key = new byte[QueryDigester.KeyLength];
        random.Fill(key);
        PrivateFile.WriteNew(Path.Combine(receiptsFolder, FileName), key);
    }

    /// <exception cref="OperatorException">It is missing, open to others, or not a key.</exception>
    public static byte[] Load(DataFolder data)
    {
        var path = Path.Combine(data.ReceiptsKey, FileName);
        var key = PrivateFile.Read(path, "`init` made it: restore it from a backup");
        return key.Length == QueryDigester.KeyLength
            ? key
            : throw new OperatorException($"`{path}` is not the key that `init` made: expected {QueryDigester.KeyLength} bytes; restore it from a backup");
    }
}
