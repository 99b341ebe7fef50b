package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.config.NodeSettings.Seed;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

/** Which failed handshakes a node gives up for, and which it waits out. */
final class SeedDiagnosisTest {

    private static final Seed SEED = new Seed("eu-1", 25520);

    private static SeedDiagnosis.Finding finding(String message) {
        return SeedDiagnosis.failed(SEED, new SSLHandshakeException(message));
    }

    @Test
    void what_is_said_of_a_certificate_is_final() {
        for (String alert :
                new String[] {"bad_certificate", "certificate_unknown", "certificate_expired", "unknown_ca"}) {
            assertThat(finding("(" + alert + ") Received fatal alert: " + alert).certificate())
                    .as(alert)
                    .isTrue();
        }
        SSLException path = new SSLHandshakeException("PKIX path building failed");
        path.initCause(new CertificateException("no path"));
        assertThat(SeedDiagnosis.failed(SEED, path).certificate()).isTrue();
        assertThat(SeedDiagnosis.failed(SEED, path).toString()).contains("eu-1:25520 shows a certificate");
    }

    @Test
    void what_a_seed_that_restarts_does_is_not() {
        assertThat(finding("Remote host terminated the handshake").certificate())
                .isFalse();
        assertThat(finding("Remote host terminated the handshake").what()).contains("breaks off the TLS handshake");
        assertThat(finding("Received fatal alert: handshake_failure").certificate())
                .isFalse();
        assertThat(finding("Received fatal alert: internal_error").certificate())
                .isFalse();
        assertThat(finding("plaintext connection?").what()).contains("does not speak TLS");
        assertThat(finding("Unsupported or unrecognized SSL message").certificate())
                .isFalse();
    }
}
