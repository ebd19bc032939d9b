using System.Reflection;

namespace SmartProxy.TestKit;

/// <summary>Finds what an amount must never pass through.</summary>
public static class Floats
{
    private const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Type[] Inexact = [typeof(double), typeof(float), typeof(decimal), typeof(Half)];

    /// <summary>Every field, parameter, result and local of an assembly's code that is a floating-point or decimal number.</summary>
    public static IReadOnlyList<string> In(Assembly assembly) =>
    [
        .. assembly.GetTypes().SelectMany(type => type.GetFields(All).Where(f => Is(f.FieldType)).Select(f => $"{type}.{f.Name}")),
        .. assembly.GetTypes().SelectMany(type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All))).SelectMany(InMethod),
    ];

    private static IEnumerable<string> InMethod(MethodBase method)
    {
        var types = method.GetParameters().Select(p => p.ParameterType)
            .Concat(method is MethodInfo { ReturnType: var result } ? [result] : [])
            .Concat(method.GetMethodBody()?.LocalVariables.Select(l => l.LocalType) ?? []);
        return types.Where(Is).Select(t => $"{method.DeclaringType}.{method.Name}: {t.Name}");
    }

    private static bool Is(Type type) =>
        Inexact.Contains(type) || (type.HasElementType && Is(type.GetElementType()!)) || (type.IsGenericType && type.GetGenericArguments().Any(Is));
}
