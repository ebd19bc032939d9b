using System.Globalization;
using System.Text;
using System.Text.Json;
using SmartProxy.Installation;
using SmartProxy.Protocol;

namespace SmartProxy.Storage;

/// <summary>The head of a journal as it is kept outside the data folder.</summary>
/// <param name="Journal">Which journal.</param>
/// <param name="Sequence">A line that was durable.</param>
/// <param name="Hash">Its hash.</param>
internal sealed record AnchorHead(Bytes32 Journal, long Sequence, Bytes32 Hash)
{
    /// <summary>Reads the anchor; null when there is none yet.</summary>
    /// <exception cref="OperatorException">It can't be read, or is no anchor: then nobody knows what it has seen.</exception>
    public static AnchorHead? Read(string path)
    {
        try
        {
            return File.Exists(path) ? Parse(File.ReadAllBytes(path)) ?? throw new OperatorException($"`{path}` is not an anchor that this program wrote; restore it, or name another file in SmartProxy:Ledger:Anchor") : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"the anchor `{path}` can't be read ({fault.Message}); mend that, because nothing else notices a rolled-back folder", OperatorException.Failed, fault);
        }
    }

    /// <summary>Replaces the anchor: temporary file, sync, rename, sync of the folder.</summary>
    public void Write(string path) => PrivateFile.Write(path, Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $$"""{"v":1,"journal":"{{Journal}}","seq":{{Sequence}},"hash":"{{Hash.ToHex()}}"}""") + "\n"));

    private static AnchorHead? Parse(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = document.RootElement;
            return root.GetProperty("v").GetInt32() == 1
                && Bytes32.TryParse(root.GetProperty("journal").GetString(), out var journal)
                && Bytes32.TryParse("0x" + root.GetProperty("hash").GetString(), out var hash)
                    ? new AnchorHead(journal, root.GetProperty("seq").GetInt64(), hash)
                    : null;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
