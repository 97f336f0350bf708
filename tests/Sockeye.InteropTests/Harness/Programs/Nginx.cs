namespace Sockeye.Tests;

/// <summary>nginx, with the settings that its documentation names for WebSockets.</summary>
internal sealed class Nginx : ReverseProxy
{
    public static async Task<ReverseProxy> StartAsync(ReverseProxySettings settings)
    {
        string program = PeerPrograms.Require("nginx");
        Nginx nginx = new();
        await nginx.Folder.WriteAsync(TestCertificate.Value);
        string file = await nginx.Folder.WriteAsync("nginx.conf", nginx.Describe(settings));
        await nginx.StartAsync(program, ["-p", nginx.Folder.Path + "/", "-c", file, "-e", "stderr"]);
        return nginx;
    }

    // Upgrade and Connection are headers of one hop (RFC 9110 §7.6.1), so nginx forwards them only if configured. The empty
    // Connection is what lets it keep connections to the server for plain requests.
    private string Describe(ReverseProxySettings settings) => $$"""
        daemon off;
        master_process off;
        pid nginx.pid;
        events { worker_connections 256; }
        http {
          access_log off;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          map $http_upgrade $connection_upgrade {
            default upgrade;
            '' '';
          }
          upstream backend {
            server {{settings.BackendText}};
            keepalive 4;
          }
          proxy_http_version 1.1;
          proxy_read_timeout {{settings.IdleSeconds}}s;
          proxy_ssl_trusted_certificate {{Folder["certificate.pem"]}};
          proxy_ssl_verify on;
          proxy_ssl_name localhost;
          server {
            listen 127.0.0.1:{{PlainPort}};
            listen 127.0.0.1:{{SecurePort}} ssl;
            ssl_certificate {{Folder["certificate.pem"]}};
            ssl_certificate_key {{Folder["key.pem"]}};
            location / {
              proxy_pass {{(settings.IsBackendSecure ? "https" : "http")}}://backend;
              proxy_set_header Host $http_host;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection $connection_upgrade;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme;
            }
            location /forwarded {
              proxy_pass {{(settings.IsBackendSecure ? "https" : "http")}}://backend;
              proxy_set_header Host $http_host;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection $connection_upgrade;
              proxy_set_header Forwarded "for=$remote_addr;proto=$scheme";
            }
          }
        }
        """;
}
