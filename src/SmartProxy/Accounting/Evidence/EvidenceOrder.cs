using SmartProxy.Accounting.Statements;
using SmartProxy.Installation;

namespace SmartProxy.Accounting.Evidence;

/// <summary>What <c>evidence</c> and <c>dispute</c> order.</summary>
/// <param name="Data">Whose books; running or stopped, they are only read.</param>
/// <param name="Scope">What it is about.</param>
/// <param name="Statement">The month's statement; null for a single payment.</param>
/// <param name="File">The new file.</param>
internal sealed record EvidenceOrder(DataFolder Data, EvidenceScope Scope, SignedStatement? Statement, string File);
