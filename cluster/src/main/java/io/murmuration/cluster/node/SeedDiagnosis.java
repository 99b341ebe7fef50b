package io.murmuration.cluster.node;

import io.murmuration.cluster.config.NodeSettings.Seed;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** Finds out, for an operator's message, why a seed does not answer: connects once as the control plane does. Blocks. */
final class SeedDiagnosis {

    /** Long enough for an answer from anywhere, short enough for somebody who waits for the message. */
    private static final int PATIENCE_MILLIS = (int) Duration.ofSeconds(2).toMillis();

    /** What Artery begins a connection with: its magic, and the number of the stream for ordinary messages. */
    private static final byte[] PLAIN_OPENING = {'A', 'K', 'K', 'A', 2};

    /** Alerts of RFC 8446, 6.2, about a certificate, as Java writes them. */
    private static final Set<String> CERTIFICATE_ALERTS = Set.of(
            "bad_certificate",
            "unsupported_certificate",
            "certificate_revoked",
            "certificate_expired",
            "certificate_unknown",
            "certificate_required",
            "unknown_ca",
            "access_denied");

    /** The first byte of a TLS record that says what was wrong. */
    private static final int TLS_ALERT = 21;

    /**
     * @param seed that was tried
     * @param what was found, in words
     * @param certificate one of the two certificates was not accepted: waiting does not help
     */
    record Finding(Seed seed, String what, boolean certificate) {
        @Override
        public String toString() {
            return seed + " " + what;
        }
    }

    private SeedDiagnosis() {}

    /** @param tls what this node shows and trusts; empty: plain */
    static List<Finding> of(List<Seed> seeds, Optional<SSLContext> tls) {
        return seeds.stream().map(seed -> of(seed, tls)).toList();
    }

    private static Finding of(Seed seed, Optional<SSLContext> tls) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByName(seed.host()), seed.port()), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            return tls.isPresent() ? shake(seed, socket, tls.get()) : listen(seed, socket);
        } catch (UnknownHostException e) {
            return new Finding(seed, "is a host that this machine does not know", false);
        } catch (SocketTimeoutException e) {
            return new Finding(seed, "does not answer", false);
        } catch (ConnectException e) {
            return new Finding(
                    seed, "refuses connections: nobody listens there (not started yet, or the run is over)", false);
        } catch (IOException e) {
            return new Finding(seed, "cannot be reached (" + e.getMessage() + ")", false);
        }
    }

    private static Finding listen(Seed seed, Socket socket) throws IOException {
        try {
            // One that speaks plainly goes on listening after this, one that wants TLS answers with an alert or closes.
            socket.getOutputStream().write(PLAIN_OPENING);
            int answer = socket.getInputStream().read();
            return answer < 0 || answer == TLS_ALERT
                    ? new Finding(seed, "wants TLS, and this node has no certificate (node.tls)", false)
                    : new Finding(seed, "is no control port of Murmuration", false);
        } catch (SocketTimeoutException e) {
            return new Finding(seed, "listens, and does not let this node in", false);
        }
    }

    private static Finding shake(Seed seed, Socket socket, SSLContext tls) throws IOException {
        try (SSLSocket secure =
                (SSLSocket) tls.getSocketFactory().createSocket(socket, seed.host(), seed.port(), true)) {
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            // With TLS 1.3 the other side says only after the handshake what it thinks of our certificate.
            return secure.getInputStream().read() < 0
                    ? new Finding(seed, "closes the connection after the TLS handshake", false)
                    : new Finding(seed, "is no control port of Murmuration", false);
        } catch (SocketTimeoutException e) {
            return new Finding(seed, "accepts this node's certificate, and does not let it in", false);
        } catch (SSLException e) {
            return failed(seed, e);
        }
    }

    /**
     * What a handshake ended with. Only what is said of a certificate is final: a seed that is just starting or ending breaks
     * off handshakes, too.
     */
    static Finding failed(Seed seed, SSLException e) {
        String text = String.valueOf(e.getMessage());
        if (text.contains("Received fatal alert")) {
            boolean certificate = CERTIFICATE_ALERTS.stream().anyMatch(text::contains);
            return new Finding(
                    seed,
                    certificate
                            ? "does not accept this node's certificate (node.tls.certificate): " + text
                            : "ends the TLS handshake: " + text,
                    certificate);
        }
        if (text.contains("plaintext") || text.contains("Unsupported or unrecognized")) {
            return new Finding(seed, "does not speak TLS, this node does (node.tls)", false);
        }
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof CertPathBuilderException) {
                return new Finding(
                        seed, "shows a certificate that is not accepted here (node.tls.authority): " + text, true);
            }
        }
        return new Finding(seed, "breaks off the TLS handshake: " + text, false);
    }
}
