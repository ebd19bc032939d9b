using SmartProxy.Installation;

namespace SmartProxy.Accounting;

/// <summary>What <c>statement</c> and <c>evidence</c> ask.</summary>
/// <param name="Data">Whose books; running or stopped, they are only read.</param>
/// <param name="Month">Which month.</param>
/// <param name="Rpc">Nodes, each for the chain that it serves; empty takes those of the settings.</param>
/// <param name="ConfigFile">The settings, or null for those of the working folder.</param>
internal sealed record BooksQuestion(DataFolder Data, Month Month, IReadOnlyList<Uri> Rpc, string? ConfigFile);
