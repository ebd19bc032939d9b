# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/SmartProxy/SmartProxy.csproj -c Release -o /app --nologo \
 && mkdir -m 700 /data

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# No dump and no debugger may read keys out of this process.
ENV DOTNET_EnableDiagnostics=0 \
    DOTNET_DbgEnableMiniDump=0 \
    DOTNET_gcServer=1
COPY --from=build /app /app
COPY --from=build --chown=$APP_UID:$APP_UID /data /data
ENV PATH="/app:$PATH"
USER $APP_UID
WORKDIR /
# Everything that is written lies in /data: `docker run --read-only --tmpfs /tmp -v smartproxy:/data …`
VOLUME ["/data"]
EXPOSE 8402
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/app/smartproxy", "health", "--data", "/data"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/smartproxy"]
# Inside a container the proxy has to listen on its network; the admin listener stays on the container's own loopback.
CMD ["run", "--data", "/data", "--policy", "/data/policies.json", "--listen", "0.0.0.0:8402", "--insecure-listen"]
