using System.Security.Claims;

namespace Sockeye.AspNetCore;

/// <summary>What a connection that ASP.NET Core has accepted knows of its request.</summary>
public static class WebSocketConnectionHttpExtensions
{
    extension(WebSocketConnection connection)
    {
        /// <summary>
        /// What ASP.NET Core knew about the request; <see langword="null"/> if the connection was not accepted by ASP.NET Core.
        /// </summary>
        public WebSocketHttpOrigin? HttpOrigin
        {
            get
            {
                ArgumentNullException.ThrowIfNull(connection);
                return connection.Request?.HttpOrigin as WebSocketHttpOrigin;
            }
        }

        /// <summary>
        /// The user of the request, as authentication has established it; <see langword="null"/> if the connection was not accepted by
        /// ASP.NET Core. It stays the same for the life of the connection, however long a token is valid.
        /// </summary>
        public ClaimsPrincipal? User => connection.HttpOrigin?.User;
    }
}
