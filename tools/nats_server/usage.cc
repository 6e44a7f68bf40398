// What -h and --help_tls print.
#include "tools/nats_server/command_line.h"
#include "tools/nats_server/tls_names.h"

namespace wherry::nats_server {
namespace {

constexpr const char* kUsage = R"(
Usage: nats-server [options]

This is Wherry under nats-server's name, with its flags and its configuration file.

Server Options:
    -a, --addr, --net <host>         Address to listen at (default: 0.0.0.0, every one)
    -p, --port <port>                Port for clients (default: 4222; -1: a free one)
    -n, --name
        --server_name <name>         Name of this server (default: its id)
    -P, --pid <file>                 Write the process id to this file
    -m, --http_port <port>           Port for monitoring over HTTP (default: none)
    -ms,--https_port <port>          Port for monitoring over HTTPS, with the TLS certificate
    -c, --config <file>              Configuration file; flags are stronger
    -t                               Read the configuration, say whether it is valid, exit
    -sl,--signal <signal>[=<pid>]    Send a signal to a running nats-server: stop, quit, term,
                                     reopen, reload or ldm; <pid> is a process id or the file
                                     with it (default: the only one that runs)
        --client_advertise <host>    Address that clients are told to come back to
        --ports_file_dir <dir>       Write nats-server_<pid>.ports there: where this server listens

Logging Options:
    -l, --log <file>                 Log to this file (default: standard error)
    -T, --logtime                    Begin lines with date and time (default: true)
        --logtime_utc                In UTC (default: local time)
    -D, --debug                      Log what helps to find a fault
    -V, --trace                      Log the protocol
    -VV                              The same
    -DV, -DVV                        Both
        --log_size_limit <bytes>     Put the log file aside when it is larger (default: never)

Authorization Options:
        --user <user>                User that clients must be
        --pass <password>            Password that they must have
        --auth <token>               Token that they must have

TLS Options:
        --tls                        Encrypt connections
        --tlscert <file>             This server's certificate
        --tlskey <file>              Its private key
        --tlsverify                  Clients must have certificates too
        --tlscacert <file>           Who signs them

Common Options:
    -h, --help                       Print this
    -v, --version                    Print the version
        --help_tls                   Print what the block tls of a configuration may hold

Known and refused, since Wherry does not have what they ask for:
    -js, -sd, -s, -r, -ms, --profile, --max_traced_msg_len, --routes, --cluster, --cluster_name,
    --cluster_listen, --cluster_advertise, --no_advertise, --connect_retries

)";

constexpr const char* kTlsUsage = R"(
TLS is configured in the block tls of a configuration file:

    tls {
        cert_file:         "server-cert.pem"
        key_file:          "server-key.pem"
        ca_file:           "ca.pem"
        verify:            true    # clients need a certificate that ca_file signed
        verify_and_map:    true    # and it names the user
        timeout:           "2s"    # for the handshake
        handshake_first:   auto    # true, false, or how long to wait for the client
        min_version:       "1.3"
        cipher_suites:     ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
        curve_preferences: ["X25519", "CurveP256"]
        pinned_certs:      ["<SHA-256 of a public key, in hexadecimal>"]
        connection_rate_limit: 100 # handshakes a second
    }

Available cipher suites include:
)";

}  // namespace

std::string Usage() { return kUsage; }

std::string TlsUsage() {
  std::string text = kTlsUsage;
  for (const std::string_view name : CipherSuites()) text.append("    ").append(name).append("\n");
  text += "\nWith allow_insecure_cipher_suites:\n";
  for (const std::string_view name : InsecureCipherSuites())
    text.append("    ").append(name).append("\n");
  text += "\nAvailable curve preferences include:\n";
  for (const std::string_view name : Curves()) text.append("    ").append(name).append("\n");
  return text;
}

}  // namespace wherry::nats_server
