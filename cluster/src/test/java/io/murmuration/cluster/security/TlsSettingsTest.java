package io.murmuration.cluster.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates as they are made, and what is wrong with those that are not. */
final class TlsSettingsTest {

    @TempDir
    private Path folder;

    private static final KeyMaker.Wanted TWO = wanted(true, "eu-1", "hub.example.org");

    private static KeyMaker.Wanted wanted(boolean loopback, String... names) {
        return new KeyMaker.Wanted(List.of(names), loopback, Duration.ofDays(30));
    }

    private TlsSettings of(String certificate, String key) {
        return new TlsSettings(folder.resolve("ca.pem"), folder.resolve(certificate), folder.resolve(key));
    }

    @Test
    void what_is_made_works_is_secret_and_names_its_node() throws Exception {
        List<Path> written = KeyMaker.make(folder, TWO, Instant.now());

        assertThat(written.stream().map(file -> file.getFileName().toString()))
                .containsExactlyInAnyOrder(
                        "ca.pem",
                        "ca.key.pem",
                        "eu-1.pem",
                        "eu-1.key.pem",
                        "hub.example.org.pem",
                        "hub.example.org.key.pem");
        for (Path file : written) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
        assertThat(of("eu-1.pem", "eu-1.key.pem").context().getProtocol()).isEqualTo("TLSv1.3");
        X509Certificate certificate =
                PemFiles.certificates(folder.resolve("eu-1.pem")).getFirst();
        assertThat(certificate.getSubjectAlternativeNames().toString()).contains("eu-1", "localhost", "127.0.0.1");
        assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=eu-1");
    }

    @Test
    void names_are_added_to_an_authority_and_nothing_is_written_over() throws Exception {
        KeyMaker.make(folder, TWO, Instant.now());
        byte[] authority = Files.readAllBytes(folder.resolve("ca.pem"));

        assertThat(KeyMaker.make(folder, wanted(false, "eu-2"), Instant.now())).hasSize(2);
        assertThat(of("eu-2.pem", "eu-2.key.pem").context().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(PemFiles.certificates(folder.resolve("eu-2.pem"))
                        .getFirst()
                        .getSubjectAlternativeNames()
                        .toString())
                .doesNotContain("localhost");
        assertThat(Files.readAllBytes(folder.resolve("ca.pem"))).isEqualTo(authority);
        assertThatThrownBy(() -> KeyMaker.make(folder, wanted(true, "eu-3", "eu-1"), Instant.now()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("eu-1.pem is there already");
        assertThat(folder.resolve("eu-3.pem")).doesNotExist();
    }

    @Test
    void names_that_are_none_are_refused() {
        for (String name : List.of(
                "../eu",
                "-x",
                "a b",
                "localhost",
                "ca",
                "",
                "a/b",
                "a=",
                "a=b,",
                "a=b c",
                "a=fe80::1%eth0",
                "a".repeat(65))) {
            assertThatThrownBy(() -> KeyMaker.make(folder, wanted(true, name), Instant.now()))
                    .as(name)
                    .isInstanceOf(UserError.class);
        }
        assertThatThrownBy(() -> KeyMaker.make(folder, wanted(true, "a", "A=b"), Instant.now()))
                .hasMessageContaining("twice");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void what_is_wrong_with_a_file_is_said_with_its_name() throws IOException {
        KeyMaker.make(folder, TWO, Instant.now());
        Path other = folder.resolve("other");
        KeyMaker.make(other, wanted(true, "eu-1"), Instant.now());
        Files.writeString(folder.resolve("text"), "hello");

        assertWrong(of("none.pem", "eu-1.key.pem"), "there is no certificate " + folder.resolve("none.pem"));
        assertWrong(of("eu-1.pem", "none.pem"), "there is no key " + folder.resolve("none.pem"));
        assertWrong(of("text", "eu-1.key.pem"), "expected a certificate in PEM");
        assertWrong(of("eu-1.pem", "text"), "expected a private key in PEM, PKCS#8");
        assertWrong(of("eu-1.pem", "hub.example.org.key.pem"), "does not match the certificate");
        assertWrong(of("other/eu-1.pem", "other/eu-1.key.pem"), "is not signed by the authority");
    }

    @Test
    void a_certificate_is_for_the_name_and_for_the_hosts_by_which_others_find_the_node() {
        KeyMaker.make(
                folder, wanted(false, "eu-1=eu-1.example.org,192.0.2.7,2001:db8::7", "eu_2", "1.2"), Instant.now());

        of("eu-1.pem", "eu-1.key.pem")
                .requireNames("EU-1", List.of("eu-1.example.org", "192.0.2.7", "2001:DB8:0:0:0:0:0:7", "eu-1"));
        of("eu_2.pem", "eu_2.key.pem").requireNames("eu_2", List.of("eu_2"));
        of("1.2.pem", "1.2.key.pem").requireNames("1.2", List.of("1.2"));
        assertMissing("eu-1", List.of("eu-1.example.net", "192.0.2.7"), "not for eu-1.example.net, so");
        assertMissing(
                "eu-1", List.of("192.0.2.8", "192.0.2.8"), "not for 192.0.2.8, so", "keys --out keys eu-1=192.0.2.8");
        assertMissing(
                "eu-3", List.of("eu-1"), "not for eu-3, so", "for 192.0.2.7, 2001:db8:0:0:0:0:0:7, eu-1, eu-1.ex");
    }

    @Test
    void localhost_is_in_the_certificates_of_all_and_so_names_no_node() {
        KeyMaker.make(folder, TWO, Instant.now());
        of("eu-1.pem", "eu-1.key.pem").requireNames("eu-1", List.of("localhost", "127.0.0.1"));
        assertMissing("localhost", List.of("localhost"), "not for localhost, so");
    }

    private void assertMissing(String node, List<String> hosts, String... messages) {
        assertThatThrownBy(() -> of("eu-1.pem", "eu-1.key.pem").requireNames(node, hosts))
                .isInstanceOf(UserError.class)
                .hasMessageContainingAll(messages);
    }

    @Test
    void an_expired_certificate_is_refused_with_its_date() {
        KeyMaker.make(folder, TWO, Instant.now().minus(Duration.ofDays(40)));
        assertWrong(of("eu-1.pem", "eu-1.key.pem"), "has expired at ");
    }

    private static void assertWrong(TlsSettings settings, String message) {
        assertThatThrownBy(settings::context).isInstanceOf(UserError.class).hasMessageContaining(message);
    }
}
