"""The servers of librdkafka's tests: most take any, some want more of theirs.

The client's side of it is a piece of the tests' configuration file and of their environment.
"""

import dataclasses
import pathlib
import subprocess

from conformance.suites import Failure, Unable

NO_AUTO_CREATE = ("0107", "0111", "1000")  # of librdkafka's scenario "noautocreate"
WITH_AUTHORIZER = ("0081", "0109", "0115", "0119")  # which add ACLs
WITH_DELAY = ("0089", "0102", "0118")  # whose group must see both members at once: Kafka's 3 s
WITH_TLS = ("0097",)
WITH_SASL = ("0135", "0142")
WITH_REAUTHENTICATION = ("0142",)
USER, PASSWORD = "sailor", "s3cret"


@dataclasses.dataclass
class Setup:
    """What one test needs: of the server, of its own program, and of its client."""

    server: list = dataclasses.field(default_factory=list)
    runner: list = dataclasses.field(default_factory=list)
    client: dict = dataclasses.field(default_factory=dict)
    environment: dict = dataclasses.field(default_factory=dict)


def setup_of(name, folder):
    """`folder` is the test's own; certificates are written there."""
    setup = Setup()
    if name in NO_AUTO_CREATE:
        setup.server += ["--kafka-auto-create-topics", "off"]
        setup.runner += ["-s", "noautocreate"]
    if name in WITH_AUTHORIZER:
        setup.server += ["--kafka-authorizer", "on", "--kafka-allow-everyone", "on"]
    if name in WITH_DELAY:
        setup.server += ["--kafka-initial-rebalance-delay-ms", "3000"]
    if name in WITH_REAUTHENTICATION:
        setup.server += ["--kafka-max-reauth-ms", "10000"]
    if name in WITH_SASL:
        setup.server += ["--listen", "kafka+sasl_plaintext://127.0.0.1:0", "--kafka-user",
                         f"{USER}:{PASSWORD}"]
        setup.client.update({"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
                             "sasl.username": USER, "sasl.password": PASSWORD})
    if name in WITH_TLS:
        add_tls(setup, pathlib.Path(folder))
    return setup


def openssl(folder, *arguments):
    try:
        done = subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise Unable("there is no openssl, which makes the certificates") from None
    if done.returncode != 0:
        raise Failure(f"openssl {' '.join(arguments)} failed: {done.stdout.strip()[-300:]}")


def add_tls(setup, folder):
    """Certificates for both sides in all the formats that the test reads."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for who in ("server", "client"):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={who}", "-keyout",
                f"{who}.key", "-out", f"{who}.csr")
        openssl(folder, "x509", "-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", f"{who}.pem")
    secret = f"pass:{PASSWORD}"
    openssl(folder, "pkcs8", "-topk8", "-in", "client.key", "-passout", secret, "-out",
            "client.priv.pem")
    openssl(folder, "rsa", "-in", "client.key", "-outform", "DER", "-out", "client.priv.der")
    openssl(folder, "x509", "-in", "client.pem", "-outform", "DER", "-out", "client.pub.der")
    openssl(folder, "x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
    openssl(folder, "pkcs12", "-export", "-in", "client.pem", "-inkey", "client.key", "-certfile",
            "ca.pem", "-passout", secret, "-out", "client.p12")
    (folder / "all.pem").write_text((folder / "ca.pem").read_text()
                                    + (folder / "server.pem").read_text())
    setup.server += ["--listen", "kafka+ssl://127.0.0.1:0", "--kafka-tls-cert",
                     folder / "server.pem", "--kafka-tls-key", folder / "server.key",
                     "--kafka-tls-ca", folder / "ca.pem", "--kafka-client-auth", "required"]
    setup.client.update({"security.protocol": "ssl", "ssl.ca.location": folder / "ca.pem",
                         "ssl.certificate.location": folder / "client.pem",
                         "ssl.key.location": folder / "client.priv.pem",
                         "ssl.key.password": PASSWORD})
    setup.environment.update({
        "SSL_pkcs": folder / "client.p12", "SSL_password": PASSWORD,
        "SSL_pub_pem": folder / "client.pem", "SSL_pub_der": folder / "client.pub.der",
        "SSL_priv_pem": folder / "client.priv.pem", "SSL_priv_der": folder / "client.priv.der",
        "SSL_ca_pem": folder / "ca.pem", "SSL_ca_der": folder / "ca.der",
        "SSL_all_cas_pem": folder / "all.pem"})
