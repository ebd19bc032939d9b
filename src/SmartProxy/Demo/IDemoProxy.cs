namespace SmartProxy.Demo;

/// <summary>A proxy that runs inside this process and ends with it.</summary>
internal interface IDemoProxy : IAsyncDisposable
{
    /// <summary>Where agents send requests: <c>http://127.0.0.1:40123</c>.</summary>
    Uri Proxy { get; }

    Uri Admin { get; }
}
